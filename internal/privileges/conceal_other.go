//go:build !linux

package privileges

import (
	"errors"
	"os"
)

// Conceal returns program: this system has no way that we know of.
func Conceal(program *os.File) (*os.File, error) { return program, nil }

// Dumpable is [errors.ErrUnsupported]: this system does not tell.
func Dumpable() (bool, error) { return false, errors.ErrUnsupported }
