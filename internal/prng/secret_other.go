//go:build !linux && !freebsd && !dragonfly && !openbsd

package prng

import "errors"

const mapFlags = 0

// hide has nothing to call here: NetBSD, macOS, Solaris, illumos and AIX offer
// no such exclusion. RLIMIT_CORE 0 is what is left.
func hide([]byte) error { return errors.ErrUnsupported }
