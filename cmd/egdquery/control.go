package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"prngd/egdproto"
	"prngd/internal/config"
	"prngd/internal/control"
)

// actLimit is more than any action takes, with the run before it.
const actLimit = 45 * time.Second

// controls are the sockets where a daemon may answer its admin.
type controls struct {
	places []place
	limit  time.Duration // for one answer, the connection included; 0 = none
}

// findControls takes the socket that --status or $PRNGD_STATUS names, or else
// the usual ones. Unless an option says otherwise, limit bounds each answer.
func findControls(c *cli.Context, limit time.Duration) (controls, error) {
	s := controls{usualControls(), limit}
	if c.IsSet("status") {
		if c.String("status") == "" {
			return s, usageError("option --status: expected the path of a control socket")
		}
		s.places = []place{at(c.String("status"))}
	}
	if c.IsSet("timeout") {
		given, err := parseLimit(c.String("timeout"))
		if err != nil {
			return s, err
		}
		s.limit = given
	}
	return s, nil
}

// usualControls are the caller's own and the system's.
func usualControls() []place {
	system := at(config.DefaultPaths(runtime.GOOS, 0, os.Getenv).Status)
	if os.Getuid() == 0 {
		return []place{system}
	}
	own := config.DefaultPaths(runtime.GOOS, os.Getuid(), os.Getenv).Status
	dir := filepath.Dir(own)
	return []place{{unixAddress(own), func() error { return expectOurs(dir) }}, system}
}

// ask puts a verb to the first daemon that can be reached.
func (s controls) ask(verb string) (*control.Report, error) {
	conn, address, err := s.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	report, err := control.Ask(conn, verb)
	return report, s.askError(address, verb, err)
}

// dial returns a connection whose deadline is set.
func (s controls) dial() (net.Conn, egdproto.Address, error) {
	var tried strings.Builder
	denied := false
	for _, p := range s.places {
		d, err := p.reach(s.limit)
		if err == nil {
			if s.limit > 0 {
				d.conn.SetDeadline(time.Now().Add(s.limit))
			}
			return d.conn, p.address, nil
		}
		denied = denied || errors.Is(err, syscall.EACCES)
		fmt.Fprintf(&tried, "\n  %s: %v", p.address, err)
	}
	code, hint := exitUnavailable, "\nIs prngd running? --status or $PRNGD_STATUS names its control socket if that is elsewhere."
	if denied {
		code = exitNoPerm
		hint = "\nIts admin can let a group ask: status " + s.places[len(s.places)-1].address.Path + " mode=0660 group=NAME in prngd.conf."
	}
	return nil, egdproto.Address{}, &exitError{code, errors.New("no control socket answers; tried" + tried.String() + hint)}
}

func (p place) reach(patience time.Duration) (*daemon, error) {
	if p.trusted != nil {
		if err := p.trusted(); err != nil {
			return nil, err
		}
	}
	return dial(p.address, patience)
}

// askError gives an error of an exchange with the control socket its status.
func (s controls) askError(address egdproto.Address, verb string, err error) error {
	var refused *control.RefusedError
	var network *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.Denied:
		return &exitError{exitNoPerm, err}
	case errors.As(err, &refused):
		return &exitError{exitTempFail, fmt.Errorf("%s: %w", verb, err)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &exitError{exitTempFail, fmt.Errorf("%s: no answer within %s", address, s.limit)}
	case errors.As(err, &network):
		return &exitError{exitIO, fmt.Errorf("%s: %w", address, err)}
	}
	return &exitError{exitProtocol, fmt.Errorf("%s: %w", address, err)}
}

// act is a verb that the daemon carries out. Silence is success.
func act(c *cli.Context) error {
	s, err := findControls(c, actLimit)
	if err != nil {
		return err
	}
	_, err = s.ask(c.Command.Name)
	return err
}
