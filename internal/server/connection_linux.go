package server

import (
	"net/netip"

	"prngd/internal/session"
)

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

// inherit gives c a slot whatever the limits are: an upgrade closes no connection.
func (a *admission) inherit(c *connBase, k quotaKey, conn forceCloser, since session.Instant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.give(c, a.limits.add(k, since), conn)
	if c.completed {
		a.limits.commandReceived(c.slot)
	}
}
