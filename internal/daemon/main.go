// Package daemon is the life of one daemon: it starts, serves, reloads, is upgraded and ends.
package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"prngd/egdproto"
	"prngd/internal/commands"
	"prngd/internal/config"
	"prngd/internal/process"
	"prngd/internal/upgrade"
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

// Program is what the linker was told of this program.
type Program struct {
	Version string // 1.2.3
	Date    string // 2026-01-31; "" = the commit's, where the build knows it
}

// version is the line that --version prints.
func (p Program) version() string {
	return fmt.Sprintf("prngd %s (%s)", p.Version, p.buildDate())
}

func (p Program) buildDate() string {
	if p.Date != "" {
		return p.Date
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if day, _, ok := strings.Cut(s.Value, "T"); ok && s.Key == "vcs.time" {
				return day
			}
		}
	}
	return "unknown"
}

// Main is main with everything it touches passed in; it returns the exit status.
func (p Program) Main(started time.Time, argv []string, stdout, stderr io.Writer) int {
	commands.LimitedChild(argv)
	legacy, err := inherit()
	if err != nil {
		fmt.Fprintf(stderr, "prngd: %v\n", err)
		return exitInternal
	}
	parent := process.Inherited()
	if is, user, lines := commands.RunnerChild(argv); is {
		runCommands(user, lines)
		return 0
	}
	if r := upgrade.InPreflight(argv); r != nil {
		return exitStatus(p.rehearse(r, stdout, stderr), stderr)
	}
	o, status, done := config.ParseOptions(p.version(), argv, stdout, stderr)
	if done {
		return status
	}
	if legacy != nil {
		started = legacy.Started
	}
	return exitStatus(p.dispatch(started, o, argv, parent, legacy, stdout, stderr), stderr)
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
func (p Program) dispatch(started time.Time, o config.Options, argv []string, parent *process.Parent, legacy *handover, stdout, stderr io.Writer) error {
	if o.Kill {
		return kill(o, stderr)
	}
	if o.Sample != "" {
		return sample(o, stdout)
	}
	s, err := loadSettings(o, starter(legacy), nil)
	switch {
	case err != nil:
		return err
	case o.CheckConfig:
		return checkConfig(s, stdout)
	case parent == nil && legacy == nil && !stayForeground(o):
		return background(argv)
	}
	return p.serve(started, s, parent, legacy)
}

// stayForeground says whether this very process is to serve.
func stayForeground(o config.Options) bool {
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
func kill(o config.Options, stderr io.Writer) error {
	addresses := o.Addresses
	if len(addresses) == 0 {
		addresses = append(addresses, egdproto.Address{Network: "unix", Path: defaultPaths(os.Getuid()).Socket})
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
