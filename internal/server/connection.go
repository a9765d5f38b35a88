package server

import (
	"fmt"
	"net/netip"
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

// save returns c, whose descriptor is fd, as it stands.
func (c *connBase) save(fd int, now session.Instant) Connection {
	saved := Connection{
		FD: fd, State: c.session.Save(now),
		UID: c.peer.cred.UID, GID: c.peer.cred.GID, PID: c.peer.cred.PID, Addr: c.peer.addr, Port: c.peer.port,
	}
	if c.slot != nil {
		saved.Age = c.slot.since.Age(now)
	}
	return saved
}

// load makes a new c what was saved.
func (c *connBase) load(saved *Connection, now session.Instant) {
	c.session.Load(&saved.State, now)
	c.peer.cred.UID, c.peer.cred.GID, c.peer.cred.PID = saved.UID, saved.GID, saved.PID
	c.peer.addr, c.peer.port = saved.Addr, saved.Port
	if saved.Addr == "" {
		c.session.SetPeer(c.peer.cred)
	}
	c.completed = saved.Completed
}

// quotaKey returns what c is counted for.
func (c *Connection) quotaKey() quotaKey {
	if c.Addr == "" {
		return quotaKey{uid: c.UID}
	}
	addr, _ := netip.ParseAddr(c.Addr)
	return quotaKeyOf(addr)
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
