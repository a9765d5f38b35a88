package main

import (
	"errors"
	"fmt"
	"time"

	"prngd/cmd/egdquery/internal/watch"
	"prngd/egdproto"
	"prngd/internal/control"
)

const (
	watchEvery = time.Second
	watchLimit = 900 * time.Millisecond // one look is over before the next
)

// prober measures what a client waits, over one connection that it keeps.
type prober struct {
	address *egdproto.Address // nil: where the daemon says it listens
	daemon  *daemon           // nil: not connected
}

func newProber(c *call) (*prober, error) {
	if c.socket == "" {
		return &prober{}, nil
	}
	address, err := parseAddress(c.socket)
	return &prober{address: &address}, err
}

// probe asks for a few bytes that nobody sees.
func (p *prober) probe(last *control.Report) (time.Duration, error) {
	if p.daemon == nil {
		if err := p.connect(last); err != nil {
			return 0, err
		}
	}
	var buf [watch.ProbeBytes]byte
	defer clear(buf[:])
	start := time.Now()
	n, err := p.daemon.client.ReadSome(buf[:])
	took := time.Since(start)
	if err == nil && n < len(buf) {
		return 0, fmt.Errorf("%s: %d of %d bytes", p.daemon.address, n, len(buf))
	}
	if err != nil {
		err = p.daemon.talkError(err)
		p.daemon.conn.Close()
		p.daemon = nil
	}
	return took, err
}

func (p *prober) connect(last *control.Report) (err error) {
	addresses, err := p.candidates(last)
	for _, address := range addresses {
		var d *daemon
		if d, err = dial(address, watchLimit); err == nil {
			d.limit = watchLimit
			p.daemon = d
			return nil
		}
		err = fmt.Errorf("%s: %w", address, err)
	}
	return err
}

// candidates are the addresses to try; the error is for when there are none.
func (p *prober) candidates(last *control.Report) (list []egdproto.Address, err error) {
	if p.address != nil {
		return []egdproto.Address{*p.address}, nil
	}
	if last != nil {
		for _, l := range last.Listeners {
			if a, err := egdproto.ParseAddress(l.Address); err == nil {
				list = append(list, a)
			}
		}
	}
	return list, errors.New("no address of the daemon is known: expected -s ADDRESS")
}
