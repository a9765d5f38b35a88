// Command prngd serves random bytes over the EGD protocol and never drains. It
// takes PRNGD 0.9.29's command line and prngd.conf.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"prngd/config"
	"prngd/process"
)

// Exit statuses; PRNGD's own are 0 and 1.
const (
	exitFailure  = 1  // wherever PRNGD exits 1: usage, address, pid file
	exitInternal = 70 // EX_SOFTWARE: the known-answer test failed
	exitConfig   = 78 // EX_CONFIG: a bad directive
)

// exitError is an error that ends the program with a status other than 1.
type exitError struct {
	status int
	error
}

func (e exitError) Unwrap() error { return e.error }

func main() {
	os.Exit(prngd(time.Now(), os.Args, os.Stdout, os.Stderr))
}

// prngd is main with everything it touches passed in; it returns the exit status.
func prngd(started time.Time, argv []string, stdout, stderr io.Writer) int {
	process.LimitedChild(argv)
	legacy, err := inherit()
	if err != nil {
		fmt.Fprintf(stderr, "prngd: %v\n", err)
		return exitInternal
	}
	parent := process.Inherited()
	if is, user, lines := process.RunnerChild(argv); is {
		runCommands(user, lines)
		return 0
	}
	if r := process.Rehearsal(argv); r != nil {
		return exitStatus(rehearse(r, stdout, stderr), stderr)
	}
	o, status, done := parseOptions(argv, stdout, stderr)
	if done {
		return status
	}
	if legacy != nil {
		started = legacy.Started
	}
	return exitStatus(dispatch(started, o, argv, parent, legacy, stdout, stderr), stderr)
}

// exitStatus says why the program ends, if there is anything to say.
func exitStatus(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if err.Error() != "" { // a background child has spoken for itself
		fmt.Fprintf(stderr, "prngd: %v\n", err)
	}
	return statusOf(err)
}

// dispatch is the table of contents.
func dispatch(started time.Time, o options, argv []string, parent *process.Parent, legacy *handover, stdout, stderr io.Writer) error {
	if o.Kill {
		return kill(o, stderr)
	}
	if o.Sample != "" {
		return sample(o, stdout)
	}
	s, err := loadSettings(o, starter(legacy))
	switch {
	case err != nil:
		return err
	case o.CheckConfig:
		return checkConfig(s, stdout)
	case parent == nil && legacy == nil && !stayForeground(o):
		return background(argv)
	}
	return serve(started, s, parent, legacy)
}

// stayForeground says whether this very process is to serve.
func stayForeground(o options) bool {
	return o.Foreground || o.Debug || process.Supervised() != ""
}

// background starts the daemon and waits until its sockets answer.
func background(argv []string) error {
	status, err := process.Background(argv)
	if err != nil {
		return err
	}
	if status != 0 {
		return exitError{status, errors.New("")}
	}
	return nil
}

// kill ends the daemon at each address, as PRNGD's -k did.
func kill(o options, stderr io.Writer) error {
	addresses := o.Addresses
	if len(addresses) == 0 {
		s := settings{Config: config.Default()}
		s.SetPaths(defaultPaths(os.Getuid()))
		addresses = append(addresses, s.Listen[0].Address)
	}
	gone, err := process.Kill(stderr, process.KillTimeout, addresses)
	if err != nil && len(gone) > 0 {
		return exitError{0, err} // PRNGD's one success was enough for it, too
	}
	return err
}

func statusOf(err error) int {
	if e, ok := errors.AsType[exitError](err); ok {
		return e.status
	}
	return exitFailure
}
