//go:build !linux

package privileges

import "errors"

// Nice returns [errors.ErrUnsupported].
func Nice() (int, error) { return 0, errors.ErrUnsupported }

// RaisePriority does nothing: it was measured on Linux only.
func RaisePriority() error { return nil }
