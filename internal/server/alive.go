package server

import (
	"context"
	"errors"
	"fmt"
)

// errNoDriver says that Serve has not begun.
var errNoDriver = errors.New("the server does not serve")

// Alive reports whether the event loop that serves clients answers: it passes a
// token through it and waits for it until ctx ends. A driver without a loop of
// its own is alive as long as it serves.
func (s *Server) Alive(ctx context.Context) error {
	s.mu.Lock()
	d := s.driver
	s.mu.Unlock()
	if d == nil {
		return errNoDriver
	}
	loop, ok := d.(interface{ do(func()) bool })
	if !ok {
		return nil
	}
	token := make(chan struct{})
	if !loop.do(func() { close(token) }) {
		return errNoDriver
	}
	select {
	case <-token:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the event loop does not answer: %w", ctx.Err())
	}
}
