package server

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

var (
	errNotServing = errors.New("the server does not serve")
	errParked     = errors.New("the server is parked already")
)

// parker is a driver that can hand its connections over.
type parker interface {
	park(*parking) bool     // false: it has ended
	ended() <-chan struct{} // is closed at the end
}

// Park stops serving after the round under way and returns every connection as
// it stands. Until Resume nothing is read, written, accepted or closed, unless
// the server is told to stop: then all is closed as it is. If ctx ends first,
// serving goes on. The error is errors.ErrUnsupported on systems without an event
// loop.
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
	cs, err := p.wait(ctx, driver)
	if err != nil {
		s.Resume()
	}
	return cs, err
}

// wait parks a driver, nil if the server does not serve, and returns its connections.
func (p *parking) wait(ctx context.Context, d driver) ([]Connection, error) {
	loop, ok := d.(parker)
	switch {
	case d == nil:
		return nil, errNotServing
	case !ok:
		return nil, errors.ErrUnsupported
	case !loop.park(p):
		return nil, errNotServing
	}
	select {
	case cs := <-p.parked:
		return cs, nil
	case <-loop.ended():
		return nil, errNotServing
	case <-ctx.Done():
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

// Inherit adopts connections that another process parked. Call it before Serve;
// their descriptors are open and the server's from here on. The limits are not
// asked. What cannot be inherited is closed, and the error names it. On systems
// without an event loop that is every connection.
func (s *Server) Inherit(cs []Connection) error {
	var errs []error
	for _, c := range cs {
		err := c.prepare(s.core.sessions)
		if !canInherit {
			err = errors.ErrUnsupported
		}
		if err != nil {
			unix.Close(c.FD)
			errs = append(errs, err)
			continue
		}
		s.inherited = append(s.inherited, c)
	}
	return errors.Join(errs...)
}
