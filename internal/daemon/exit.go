package daemon

import (
	"errors"
	"fmt"
	"io"

	"prngd/internal/change"
	"prngd/internal/listen"
	"prngd/internal/process"
)

// Exit statuses; PRNGD's own are 0 and 1.
const (
	exitFailure  = 1  // wherever PRNGD exits 1: usage, an address in use, a pid file
	exitInternal = 70 // EX_SOFTWARE: the known-answer test failed
)

// exitError is an error that ends the program with a status of its own.
type exitError struct {
	status int
	error
}

func (e exitError) Unwrap() error { return e.error }

// startError gives a refused start its exit status: PRNGD's 1 for an address that
// is in use, 75 and 78 for everything else.
func startError(err error) error {
	if errors.Is(err, listen.ErrInUse) || errors.Is(err, process.ErrPIDFileInUse) {
		return exitError{exitFailure, err}
	}
	return exitError{change.ExitStatus(err), err}
}

// exitStatus says why the program ends, if there is anything to say.
func exitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if err.Error() != "" { // a background child has spoken for itself
		fmt.Fprintf(stderr, "prngd: %v\n", err)
	}
	if e, ok := errors.AsType[exitError](err); ok {
		return e.status
	}
	return exitFailure
}
