// Command egdquery is the admin's tool: it asks an EGD daemon, as egc.pl and
// prngd-ctl did, and prngd's control socket.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Set by the linker: -X main.version=1.2.3 -X main.date=2026-01-31.
var (
	version = "0.1.0-dev"
	date    = ""
)

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit status.
func run(argv []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c, do, err := parse(argv[min(1, len(argv)):])
	if err == nil {
		c.Context, c.stdin, c.stdout, c.stderr = context.Background(), stdin, stdout, stderr
		err = do(c)
	}
	if err == nil {
		return exitOK
	}
	var failed *exitError
	if !errors.As(err, &failed) {
		failed = &exitError{exitIO, err}
	}
	if failed.err != nil { // else all is said
		fmt.Fprintf(stderr, "egdquery: %v\n", err)
	}
	if failed.code == exitUsage {
		fmt.Fprintln(stderr, "usage: egdquery [options] [ADDRESS] VERB [argument]; egdquery help lists the verbs")
	}
	return failed.code
}
