package main

import (
	"errors"
	"fmt"
	"iter"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"prngd/egdproto"
	"prngd/internal/control"
	"prngd/internal/peercred"
)

// controls are the sockets where a daemon may answer its admin.
type controls struct {
	places  []place
	address *egdproto.Address // of the daemon that must be the one that answers; nil: any
	ask     bool              // whether the process at address may tell where else to look
	limit   time.Duration     // for one answer, the connection included; 0 = none
	settled *settled
}

// settled is the control socket that was found to be of the daemon at an address,
// and the process that has it.
type settled struct {
	place place
	pid   int
}

// controls takes the socket that --status or $PRNGD_STATUS names, or else those
// where the daemon named by -s may have it, or else the usual ones. Unless an
// option says otherwise, limit bounds each answer.
func (c *call) controls(limit time.Duration) (*controls, error) {
	s := &controls{limit: limit}
	if c.timeout != nil {
		s.limit = *c.timeout
	}
	if c.socket != "" {
		address, err := parseAddress(c.socket)
		if err != nil {
			return s, err
		}
		s.address = &address
	}
	switch {
	case c.status != "":
		s.places = []place{at(c.status)}
	case s.address != nil:
		s.places, s.ask = controlPlaces(*s.address), true
	default:
		s.places = usualControls()
	}
	return s, nil
}

// report asks for the status. The daemon that answers is the one at s.address.
func (s *controls) report() (*control.Report, error) {
	if s.settled != nil {
		r, _, err := s.settled.place.status(s)
		if err == nil && r.PID == s.settled.pid {
			return r, nil
		}
		s.settled = nil // the daemon was restarted, or is another one
	}
	var tried, others []string
	denied := ""
	for p, err := range s.candidates() {
		if err != nil {
			tried = append(tried, err.Error())
			continue
		}
		r, peer, err := p.status(s)
		var failed *exitError
		if errors.As(err, &failed) {
			return nil, err // it is there, and does not answer as it should
		}
		if err == nil && s.address != nil {
			if err = belongs(r, p, peer, *s.address); err != nil {
				others = append(others, fmt.Sprintf("%s: %v", p.address, err))
				continue
			}
		}
		if err == nil {
			s.settled = &settled{p, r.PID}
			return r, nil
		}
		if errors.Is(err, syscall.EACCES) {
			denied = p.address.Path
		}
		tried = append(tried, fmt.Sprintf("%s: %v", p.address, err))
	}
	return nil, s.nobody(append(others, tried...), denied)
}

// candidates yields the places, and at last the one that the configuration of the
// process at the address names, if the places did not have it. The error is of a
// configuration that cannot be read.
func (s *controls) candidates() iter.Seq2[place, error] {
	return func(yield func(place, error) bool) {
		for _, p := range s.places {
			if !yield(p, nil) {
				return
			}
		}
		if !s.ask {
			return
		}
		p, err := toldPlace(*s.address)
		known := func(q place) bool { return q.address == p.address }
		if err != nil || p.address.Path != "" && !slices.ContainsFunc(s.places, known) {
			yield(p, err)
		}
	}
}

// status asks the control socket at p; an [exitError] is of a socket that could be
// reached.
func (p place) status(s *controls) (r *control.Report, peer peercred.Cred, err error) {
	conn, err := p.dial(s.limit)
	if err != nil {
		return nil, peer, err
	}
	defer conn.Close()
	peer, _ = peercred.OfConn(conn)
	r, err = control.Ask(conn, control.Status)
	if err == nil && r == nil {
		err = errors.New("the answer has no report")
	}
	return r, peer, s.askError(p.address, control.Status, err)
}

// dial returns a connection whose deadline is set.
func (p place) dial(limit time.Duration) (net.Conn, error) {
	d, err := p.reach(limit)
	if err != nil {
		return nil, err
	}
	if limit > 0 {
		d.conn.SetDeadline(time.Now().Add(limit))
	}
	return d.conn, nil
}

// nobody is the error for when no control socket is that of the daemon.
func (s *controls) nobody(tried []string, denied string) error {
	text := "no control socket answers; tried\n  " + strings.Join(tried, "\n  ")
	if s.address != nil {
		text = fmt.Sprintf("no control socket of the daemon at %s answers; tried\n  %s", s.address, strings.Join(tried, "\n  "))
	}
	if denied != "" {
		hint := "\nIts admin can let a group ask: status " + denied + " mode=0660 group=NAME in prngd.conf."
		return &exitError{exitNoPerm, errors.New(text + hint)}
	}
	return &exitError{exitUnavailable, errors.New(text + "\nIs prngd running? --status or $PRNGD_STATUS names its control socket if that is elsewhere.")}
}

// connect returns a connection to the control socket of the daemon.
func (s *controls) connect() (net.Conn, egdproto.Address, error) {
	if s.settled == nil {
		if _, err := s.report(); err != nil {
			return nil, egdproto.Address{}, err
		}
	}
	p := s.settled.place
	conn, err := p.dial(s.limit)
	if err != nil {
		err = &exitError{exitUnavailable, fmt.Errorf("%s: %w", p.address, err)}
	}
	return conn, p.address, err
}

// askError gives an error of an exchange with the control socket its status.
func (s *controls) askError(address egdproto.Address, verb string, err error) error {
	var refused *control.RefusedError
	var network *net.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.Denied:
		return &exitError{exitNoPerm, err}
	case errors.As(err, &refused) && refused.Status == exitConfig:
		return &exitError{exitConfig, fmt.Errorf("%s: %w", verb, err)}
	case errors.As(err, &refused):
		return &exitError{exitTempFail, fmt.Errorf("%s: %w", verb, err)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &exitError{exitTempFail, fmt.Errorf("%s: no answer within %s", address, s.limit)}
	case errors.As(err, &network): // which would name the socket as it was bound
		return &exitError{exitIO, fmt.Errorf("%s: %w", address, network.Err)}
	}
	return &exitError{exitProtocol, fmt.Errorf("%s: %w", address, err)}
}

// actLimit is more than any action takes, with the run before it.
const actLimit = 45 * time.Second

// act is a verb that the daemon carries out. Silence is success.
func act(c *call) error {
	return c.withDaemon(c.verb, func(conn net.Conn) error {
		_, err := control.Ask(conn, c.verb)
		return err
	})
}

// withDaemon calls ask with a connection to the daemon's control socket. An error of
// ask is told as one of what was asked for.
func (c *call) withDaemon(what string, ask func(net.Conn) error) error {
	s, err := c.controls(actLimit)
	if err != nil {
		return err
	}
	conn, address, err := s.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	return s.askError(address, what, ask(conn))
}
