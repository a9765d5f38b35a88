package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// parking is one stay of the loop between Park and Resume.
type parking struct {
	parked chan []Connection
	resume chan struct{}
}

// Park stops serving after the round under way and returns every connection as
// it stands. Until Resume nothing is read, written, accepted or closed, unless
// the server is told to stop: then all is closed as it is. If ctx ends first,
// serving goes on.
func (s *Server) Park(ctx context.Context) ([]Connection, error) {
	p := &parking{make(chan []Connection, 1), make(chan struct{})}
	s.mu.Lock()
	driver, parked := s.driver, s.parking != nil
	if !parked {
		s.parking = p
	}
	s.mu.Unlock()
	if parked {
		return nil, errParked
	}
	l, ok := driver.(*loop)
	switch {
	case driver == nil:
		s.Resume()
		return nil, errNotServing
	case !ok:
		s.Resume()
		return nil, errors.ErrUnsupported
	case !l.do(func() { l.park(p) }):
		s.Resume()
		return nil, errNotServing
	}
	select {
	case cs := <-p.parked:
		return cs, nil
	case <-l.done:
		s.Resume()
		return nil, errNotServing
	case <-ctx.Done():
		s.Resume()
		return nil, fmt.Errorf("parking connections: %w", ctx.Err())
	}
}

// Resume ends Park: everything goes on as if it had not been.
func (s *Server) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parking != nil {
		close(s.parking.resume)
		s.parking = nil
	}
}

// park keeps the loop from doing anything until Resume, or the end.
func (l *loop) park(p *parking) {
	p.parked <- l.connections()
	select {
	case <-p.resume:
	case <-l.halt:
		l.draining = true // and drained is long ago: nothing more is read
	}
}

// connections is everybody who was accepted, with a place or without.
func (l *loop) connections() []Connection {
	now := l.server.now()
	cs := make([]Connection, 0, l.count)
	for _, w := range l.wires {
		if w != nil {
			cs = append(cs, w.save(int(w.fd), now))
		}
	}
	for _, d := range l.doors {
		if d != nil && d.waiting != nil {
			cs = append(cs, d.waiting.save(int(d.waiting.fd), now))
		}
	}
	return cs
}

// Inherit takes over connections that another process parked. Call it before
// Serve; their descriptors are open and the server's from here on. The limits
// are not asked. What cannot be taken over is closed, and the error names it.
func (s *Server) Inherit(cs []Connection) error {
	var errs []error
	for _, c := range cs {
		if err := c.take(s.service); err != nil {
			unix.Close(c.FD)
			errs = append(errs, err)
			continue
		}
		s.mu.Lock()
		s.inherited = append(s.inherited, c)
		s.mu.Unlock()
	}
	return errors.Join(errs...)
}

// take prepares c's descriptor.
func (c *Connection) take(svc *service) error {
	if err := c.check(svc); err != nil {
		return err
	}
	unix.CloseOnExec(c.FD)
	if err := unix.SetNonblock(c.FD, true); err != nil {
		return fmt.Errorf("inheriting descriptor %d: %w", c.FD, err)
	}
	return nil
}

// inherit gives every inherited connection a wire, which is run at once.
func (l *loop) inherit() {
	s := l.server
	l.now = s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.inherited {
		c := &s.inherited[i]
		w := l.newWire(int32(c.FD))
		w.load(c, l.now)
		p := payer{uid: c.UID}
		if c.Addr != "" {
			addr, _ := netip.ParseAddr(c.Addr)
			p = payerOf(addr)
		}
		w.place = s.limits.inherit(p, l.now.ago(c.Age), c.Completed)
		w.place.conn = w
		s.service.clients.Add(1)
		s.service.clientsEver.Add(1)
		l.connect(w)
	}
	s.inherited = nil
}
