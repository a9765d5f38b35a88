package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"prngd/egdproto"
	"prngd/internal/peercred"
)

const (
	defaultLimit = 10 * time.Second
	// probeLimit is enough for any daemon to tell its level, which it never
	// has to wait for.
	probeLimit = 2 * time.Second
)

// daemon is a connection to one.
type daemon struct {
	address egdproto.Address
	client  *egdproto.Client
	conn    net.Conn
	limit   time.Duration // for one answer; 0 = none
}

// connect reaches the daemon that the options name, or the first that answers in
// the usual places. Unless an option says otherwise, limit bounds each answer, 0
// for not at all, and defaultLimit the connection.
func (c *call) connect(limit time.Duration) (*daemon, error) {
	patience := defaultLimit
	if c.timeout != nil {
		limit, patience = *c.timeout, *c.timeout
	}
	if c.socket == "" && c.status == "" {
		d, err := search(usualPlaces(), patience)
		if err == nil {
			d.limit = limit
		}
		return d, err
	}
	address, err := c.address()
	if err != nil {
		return nil, err
	}
	d, err := dial(address, patience)
	if err != nil {
		return nil, &exitError{exitUnavailable, fmt.Errorf("%s: %w", address, err)}
	}
	d.limit = limit
	return d, nil
}

// address is that of -s, or one of the daemon whose control socket is named.
func (c *call) address() (egdproto.Address, error) {
	if c.socket != "" {
		return parseAddress(c.socket)
	}
	controls, err := c.controls(defaultLimit)
	if err != nil {
		return egdproto.Address{}, err
	}
	r, err := controls.report()
	if err != nil {
		return egdproto.Address{}, err
	}
	return listenerOf(r)
}

// search returns the first place where a daemon tells its level.
func search(places []place, patience time.Duration) (*daemon, error) {
	limit := probeLimit
	if patience > 0 {
		limit = min(limit, patience)
	}
	var tried strings.Builder
	for _, p := range places {
		d, err := p.probe(limit)
		if err == nil {
			return d, nil
		}
		fmt.Fprintf(&tried, "\n  %s: %v", p.address, err)
	}
	return nil, &exitError{exitUnavailable, errors.New("no daemon answers; tried" + tried.String())}
}

func (p place) probe(limit time.Duration) (*daemon, error) {
	d, err := p.reach(limit)
	if err != nil {
		return nil, err
	}
	d.limit = limit
	if _, err := d.client.Level(); err != nil {
		d.conn.Close()
		err = peercred.WithoutName(err)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("no answer within %s", limit)
		}
		return nil, err
	}
	return d, nil
}

func (p place) reach(patience time.Duration) (*daemon, error) {
	if p.trusted != nil {
		if err := p.trusted(); err != nil {
			return nil, err
		}
	}
	return dial(p.address, patience)
}

// dial connects within patience, 0 for ever. The error does not repeat the address.
func dial(address egdproto.Address, patience time.Duration) (*daemon, error) {
	network, where := address.Dial()
	conn, err := net.DialTimeout(network, where, patience)
	if err != nil {
		return nil, peercred.WithoutName(err)
	}
	d := &daemon{address: address, conn: conn}
	d.client = egdproto.NewClient(timed{d})
	return d, nil
}

// timed starts the clock again with each question: a long read is many.
type timed struct{ d *daemon }

func (t timed) Read(p []byte) (int, error) { return t.d.conn.Read(p) }

func (t timed) Write(p []byte) (int, error) {
	deadline := time.Time{}
	if t.d.limit > 0 {
		deadline = time.Now().Add(t.d.limit)
	}
	if err := t.d.conn.SetDeadline(deadline); err != nil {
		return 0, err
	}
	return t.d.conn.Write(p)
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
		return &exitError{exitIO, fmt.Errorf("%s: %w", d.address, network.Err)}
	}
	return &exitError{exitProtocol, fmt.Errorf("%s: %w", d.address, err)}
}
