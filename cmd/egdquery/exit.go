package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
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

// talkError gives an error of a conversation with the daemon its status, if it
// has none yet.
func (d *daemon) talkError(err error) error {
	var settled *exitError
	var network *net.OpError
	switch {
	case err == nil, errors.As(err, &settled):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &exitError{exitTempFail, fmt.Errorf("%s: no answer within %s", d.address, d.limit)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &exitError{exitProtocol, fmt.Errorf("%s: the daemon closed the connection before its answer was complete", d.address)}
	case errors.As(err, &network):
		return &exitError{exitIO, fmt.Errorf("%s: %w", d.address, err)}
	}
	return &exitError{exitProtocol, fmt.Errorf("%s: %w", d.address, err)}
}
