//go:build !linux

package privileges

import "errors"

// DropCapabilities is [errors.ErrUnsupported]: elsewhere root's powers end with
// its uid.
func DropCapabilities() error { return errors.ErrUnsupported }
