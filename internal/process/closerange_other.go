//go:build !linux

package process

import "errors"

// closeRange is [errors.ErrUnsupported].
func closeRange(uint) error { return errors.ErrUnsupported }
