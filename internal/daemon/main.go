// Package daemon is the life of one daemon: it starts, serves, reloads, is upgraded and ends.
//
// Every change of state goes one way. Resolve makes immutable settings of command
// line and prngd.conf. Prepare has each part open what is new beside what is
// there. Commit puts all of it into effect, or Rollback leaves no trace. Verify
// reads back what became of it. A start is that from nothing, a reload from what
// is held, --check-config and the preflight of an upgrade end with the rollback,
// and an upgrade hands the settings that its preflight has resolved to the program
// that is executed.
package daemon

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"prngd/internal/change"
	"prngd/internal/commands"
	"prngd/internal/config"
	"prngd/internal/logging"
	"prngd/internal/process"
	"prngd/internal/upgrade"
)

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

// Main is main with everything it touches passed in; it returns the exit status,
// which is 1 if all went well but what was to be printed could not be.
func (p Program) Main(started time.Time, argv []string, stdout, stderr io.Writer) int {
	out := &output{to: stdout}
	status := p.run(started, argv, out, stderr)
	if status == 0 && out.err != nil {
		return exitStatus(fmt.Errorf("writing standard output: %w", out.err), stderr)
	}
	return status
}

// output remembers the first error of writing.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	o.err = cmp.Or(o.err, err)
	return n, err
}

func (p Program) run(started time.Time, argv []string, stdout, stderr io.Writer) int {
	commands.LimitedChild(argv)
	file, _ := process.FindOrigin(argv[0]) // an upgrade says what is missing
	before, err := upgrade.Inherit()
	if err != nil {
		return exitStatus(exitError{exitInternal, err}, stderr)
	}
	if before != nil {
		return exitStatus(p.resume(before, file), stderr)
	}
	parent := process.Inherited()
	if is, account, conversations := commands.RunnerChild(argv); is {
		runCommands(account, conversations)
		return 0
	}
	if r := upgrade.InPreflight(argv); r != nil {
		return exitStatus(p.preflight(r, stdout, stderr), stderr)
	}
	o, status, done := config.ParseOptions(p.version(), argv, stdout, stderr)
	if done {
		return status
	}
	switch {
	case o.Kill:
		err = kill(o, stderr)
	case o.Sample != "":
		err = sample(p.Version, o, stdout)
	case o.CheckConfig:
		err = checkConfig(p.Version, o, stdout)
	case parent == nil && !o.Foreground && !o.Debug && o.ReadyFD == 0 && process.Supervised() == "":
		err = background(file, argv)
	default:
		err = p.start(started, o, file, parent, stderr)
	}
	return exitStatus(err, stderr)
}

// start is the life of a daemon from its start to its end.
func (p Program) start(started time.Time, o config.Options, file process.Origin, parent *process.Parent, stderr io.Writer) error {
	if parent == nil {
		if err := file.Conceal(os.Args); err != nil {
			fmt.Fprintf(stderr, "prngd: %v\n", err)
		}
	}
	ready, err := readyFD(o.ReadyFD)
	if err != nil {
		return err
	}
	s, _, err := resolve(o, os.Getuid(), nil)
	if err != nil {
		return startError(err)
	}
	sink, err := logging.New(logSettings(s, parent == nil))
	if err != nil {
		return startError(fmt.Errorf("%s: log: %w", s.Log.Where, err))
	}
	d, err := build(origin{
		Program: p.Version, File: file, Started: started, Foreground: parent == nil, Owner: os.Getuid(),
		User: s.User.Name, CommandUser: s.CommandUser.Name,
	}, s, sink)
	if err != nil {
		return err
	}
	d.own.parent, d.own.ready = parent, ready
	if err := d.start(s, stopLimit); err != nil {
		d.own.log.Close(stopLimit)
		if by, ended := errors.AsType[endedBy](err); ended {
			by.die()
		}
		return err
	}
	return d.serve()
}

// readyFD is the descriptor of --ready-fd, nil for 0.
func readyFD(fd int) (*process.ReadyFD, error) {
	if fd == 0 {
		return nil, nil
	}
	return process.OpenReadyFD(fd)
}

// background starts the daemon and waits until its sockets answer.
func background(file process.Origin, argv []string) error {
	status, err := process.Background(file, argv)
	if err == nil && status != 0 {
		err = exitError{status, errors.New("")}
	}
	return err
}

// kill ends the daemon at each address, as PRNGD's -k did.
func kill(o config.Options, stderr io.Writer) error {
	addresses := o.Addresses
	if len(addresses) == 0 {
		s, _, err := resolve(o, os.Getuid(), nil)
		if err != nil {
			return startError(err)
		}
		for _, l := range s.Listen {
			addresses = append(addresses, l.Address)
		}
	}
	gone, err := process.Kill(stderr, process.KillTimeout, addresses)
	if err != nil && len(gone) > 0 {
		return exitError{0, err} // PRNGD's one success was enough for it, too
	}
	return err
}

// preflight is a start without the commit: it tells the daemon that serves whether
// this program could take its place, and with which settings.
func (p Program) preflight(r *upgrade.Preflighted, stdout, stderr io.Writer) error {
	o, _, done := config.ParseOptions(p.version(), r.Argv, stdout, stderr)
	if done {
		return errors.New("the command line cannot be used")
	}
	if r.Err != nil {
		return fmt.Errorf("receiving the listening sockets: %w", r.Err)
	}
	s, err := readState(r.State)
	if err != nil {
		return err
	}
	s.preflight, s.Descriptors, s.received = true, nil, r.Descriptors
	before := new(config.Settings)
	if _, err := s.get("settings", before); err != nil {
		return fmt.Errorf("adopting the settings: %w", err)
	}
	next, _, err := resolve(o, before.Owner, before)
	if err == nil {
		err = prepareFrom(next, s)
	}
	if err != nil { // the daemon that serves reads the last line
		return exitError{change.ExitStatus(err), errors.New(oneLine(err))}
	}
	resolved, err := json.Marshal(next)
	if err != nil {
		return err
	}
	return r.Pass(resolved)
}

// resume goes on where the program before this one in the same process stopped,
// with the settings that the preflight of this one has resolved.
func (p Program) resume(before *upgrade.Inheritance, file process.Origin) error {
	s, err := readState(before.State)
	if err != nil {
		return exitError{exitInternal, err}
	}
	s.closeOnExec()
	s.secret = before.Secret
	next, o := new(config.Settings), origin{}
	if err := json.Unmarshal(before.Resolved, next); err != nil {
		return exitError{exitInternal, fmt.Errorf("reading the resolved settings: %w", err)}
	}
	if _, err := s.get("origin", &o); err != nil {
		return exitError{exitInternal, fmt.Errorf("adopting the origin: %w", err)}
	}
	from := o.Program
	o.Program, o.File = p.Version, file
	sink, err := adoptLog(s, next, o.Foreground)
	if err != nil {
		return exitError{exitInternal, err}
	}
	d, err := build(o, next, sink)
	if err != nil {
		return err
	}
	d.takeSignals()
	before.Adopted()
	d.own.ready, _ = readyFD(o.ReadyFD)
	d.resume(s, next, from)
	return d.serve()
}
