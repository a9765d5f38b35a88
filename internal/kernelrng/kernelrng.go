// Package kernelrng gives entropy to the kernel's generator and has it reseed.
//
// The generator of a kernel whose machine was cloned without telling it goes on
// from the state of its twin. What ends that is output of another generator that
// was reseeded since.
package kernelrng

import "errors"

// ErrNotPermitted says that this process may not do it.
var ErrNotPermitted = errors.New("it takes Linux and CAP_SYS_ADMIN")
