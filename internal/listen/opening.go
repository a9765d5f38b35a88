package listen

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// opening is a socket that was opened and is not served yet. Exactly one of
// place and undo is called; undo also after place has failed.
type opening struct {
	listener *Listener
	replaces []*Listener // are given up when listener is in place
	placed   bool        // place was called already
	place    func() error
	undo     func()
}

// put places the socket once.
func (p *opening) put() error {
	if p.placed {
		return nil
	}
	p.placed = true
	return p.place()
}

// openTCP binds an address. held is the sockets that the set has: one of them may
// be in the way.
func openTCP(sys *system, e endpoint, o *Options, held []*Listener) (*opening, error) {
	network := "tcp" // [::] is both families
	if e.addr.Addr().Is4() {
		network = "tcp4" // and 0.0.0.0 is one
	}
	ln, err := sys.listen(network, e.addr.String())
	if err == nil {
		l := NewListener(ln, o.Allow)
		l.opened.foreign = false
		return &opening{listener: l, place: func() error { return nil }, undo: l.release}, nil
	}
	if !errors.Is(err, unix.EADDRINUSE) {
		return nil, err
	}
	if obstacles := overlapping(e, held); len(obstacles) > 0 {
		return openBeside(sys, e, o, obstacles)
	}
	return nil, ErrInUse
}

// overlapping returns the sockets that keep e from being bound: those of the same
// port, if either is for all addresses.
func overlapping(e endpoint, held []*Listener) (all []*Listener) {
	for _, l := range held {
		had := endpointOf(l)
		if had.path == "" && had.addr.Port() == e.addr.Port() &&
			(had.addr.Addr().IsUnspecified() || e.addr.Addr().IsUnspecified()) {
			all = append(all, l)
		}
	}
	return all
}

// openBeside binds e although sockets of our own are in the way, which serve until
// the new one is placed: with SO_REUSEPORT on both, systems allow that to one
// user. The new socket does not listen before it is placed, or it would take
// connections that nobody accepts.
func openBeside(sys *system, e endpoint, o *Options, obstacles []*Listener) (*opening, error) {
	for _, l := range obstacles {
		if err := l.share(true); err != nil {
			return nil, fmt.Errorf("beside our socket %s: %w", l.Address(), err)
		}
	}
	unshare := func() {
		for _, l := range obstacles {
			l.share(false) // it was possible before
		}
	}
	ln, err := sys.bind(e.addr)
	if err != nil {
		unshare()
		return nil, fmt.Errorf("beside our socket %s: %w", obstacles[0].Address(), err)
	}
	l := NewListener(ln, o.Allow)
	l.opened.foreign = false
	p := &opening{listener: l, replaces: obstacles, undo: func() { l.release(); unshare() }}
	p.place = func() error {
		if err := sys.relisten(l); err != nil {
			return err
		}
		unshare()
		return l.share(false)
	}
	return p, nil
}
