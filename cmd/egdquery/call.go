package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// call is one verb with what it was called with.
type call struct {
	context.Context
	options
	verb string
	args []string

	stdin          io.Reader
	stdout, stderr io.Writer
}

// options are the values of all options; what was not given is zero.
type options struct {
	socket      string // as the user wrote it
	status      string // the control socket's path
	timeout     *time.Duration
	hex, base64 bool
	fresh       bool

	json   bool
	every  time.Duration
	count  uint64
	listen string
	public bool
}

// print writes to standard output.
func (c *call) print(text string) error {
	if _, err := fmt.Fprint(c.stdout, text); err != nil {
		return outputError(err)
	}
	return nil
}
