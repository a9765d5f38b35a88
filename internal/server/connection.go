package server

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/session"
)

// Connection is one accepted connection as it is handed to another process.
type Connection struct {
	FD int
	session.State

	UID, GID, PID int           // of a Unix peer; -1: unknown
	Addr          string        // of a TCP peer, without port; else ""
	Port          int           // of the listening socket, for a TCP peer
	Age           time.Duration // since it was accepted
}

// oldestInherited is how old an inherited connection may look. Instants are
// positive, so the server's clock starts that long before the server is made.
const oldestInherited = time.Hour

// parking is one stay of an event loop between Park and Resume.
type parking struct {
	parked chan []Connection
	resume chan struct{}
}

// prepare checks c and prepares its descriptor.
func (c *Connection) prepare(v *session.Service) error {
	if err := c.Check(v); err != nil {
		return fmt.Errorf("inheriting descriptor %d: %w", c.FD, err)
	}
	unix.CloseOnExec(c.FD)
	if err := unix.SetNonblock(c.FD, true); err != nil {
		return fmt.Errorf("inheriting descriptor %d: %w", c.FD, err)
	}
	return nil
}
