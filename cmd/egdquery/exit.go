package main

import (
	"fmt"
)

// Exit statuses, from sysexits.h.
const (
	exitOK          = 0
	exitUsage       = 64
	exitUnavailable = 69
	exitIO          = 74
	exitTempFail    = 75
	exitProtocol    = 76
	exitNoPerm      = 77
	exitConfig      = 78
)

// exitError is an error with the exit status it calls for.
type exitError struct {
	code int
	err  error // nil: nothing is left to say
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// outputError gives an error of standard output its status; nil stays nil.
func outputError(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitIO, fmt.Errorf("writing standard output: %w", err)}
}
