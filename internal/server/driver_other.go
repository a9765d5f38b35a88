//go:build !linux

package server

// bestDriver makes the driver of this system.
func bestDriver(s *Server) (driver, error) { return newNetDriver(s) }
