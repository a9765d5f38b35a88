package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prngd/egdproto"
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

// connect reaches the daemon that the options name, or the first that answers
// in the usual places, and names it. Unless an option says otherwise, limit
// bounds each answer, 0 for not at all, and defaultLimit the connection.
func connect(c *cli.Context, limit time.Duration) (*daemon, error) {
	patience := defaultLimit
	if c.IsSet("timeout") {
		given, err := parseLimit(c.String("timeout"))
		if err != nil {
			return nil, err
		}
		limit, patience = given, given
	}
	if !c.IsSet("socket") {
		d, err := search(usualPlaces(), patience)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(c.App.ErrWriter, "egdquery: using %s\n", d.address)
		d.limit = limit
		return d, nil
	}
	address, err := parseAddress(c.String("socket"))
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
	if p.trusted != nil {
		if err := p.trusted(); err != nil {
			return nil, err
		}
	}
	d, err := dial(p.address, limit)
	if err != nil {
		return nil, err
	}
	d.limit = limit
	if _, err := d.client.Level(); err != nil {
		d.conn.Close()
		return nil, err
	}
	return d, nil
}

// dial connects within patience, 0 for ever. The error does not repeat the address.
func dial(address egdproto.Address, patience time.Duration) (*daemon, error) {
	network, where := address.Dial()
	conn, err := net.DialTimeout(network, where, patience)
	var failed *net.OpError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	if err != nil {
		return nil, err
	}
	d := &daemon{address: address, conn: conn}
	d.client = egdproto.NewClient(timed{d})
	return d, nil
}

// timed starts the clock anew with each question: a long read is many.
type timed struct{ d *daemon }

var _ io.ReadWriter = timed{}

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

// parseLimit reads a duration; a bare number is seconds.
func parseLimit(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(n) * time.Second, nil
	}
	limit, err := time.ParseDuration(s)
	if err != nil || limit < 0 {
		return 0, usageError("option --timeout %q: expected seconds, or a duration such as 500ms or 2m", s)
	}
	return limit, nil
}
