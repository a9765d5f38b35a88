//go:build !linux

package server

import (
	"context"
	"errors"
)

// Park is errors.ErrUnsupported on this system.
func (s *Server) Park(context.Context) ([]Connection, error) { return nil, errors.ErrUnsupported }

// Resume ends Park.
func (s *Server) Resume() {}

// Inherit is errors.ErrUnsupported on this system, but for no connections.
func (s *Server) Inherit(cs []Connection) error {
	if len(cs) == 0 {
		return nil
	}
	return errors.ErrUnsupported
}

//lint:ignore U1000 a Server has one on every system
type handing struct{}
