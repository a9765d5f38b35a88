package server

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/listen"
	"prngd/internal/peercred"
	"prngd/internal/session"
)

// peer is the other end of a connection: Unix credentials, or a TCP address.
type peer struct {
	cred peercred.Cred
	addr string // "" for Unix
	port int    // of the listening socket, for TCP
}

func (p peer) fields() logrus.Fields {
	if p.addr != "" {
		return logrus.Fields{"peer": p.addr}
	}
	return logrus.Fields{"uid": p.cred.UID, "pid": p.cred.PID}
}

// allowedBy reports whether one of the listeners at the peer's port lets it in, or
// none is left there. Unix peers are let in by the mode of the socket.
func (p peer) allowedBy(listeners []*listen.Listener) bool {
	addr, err := netip.ParseAddr(p.addr)
	if err != nil { // a Unix peer
		return true
	}
	found := false
	for _, l := range listeners {
		if a := l.Address(); a.Network != "tcp" || a.Port != p.port {
			continue
		}
		if l.Allows(addr) {
			return true
		}
		found = true
	}
	return !found
}

// connBase is what every driver keeps of a connection.
type connBase struct {
	peer      peer
	slot      *slot
	session   session.Session
	completed bool // slot has noted that a command came
}

// counters counts connections.
type counters struct {
	open                                           atomic.Int64
	admitted, evicted, acceptErrors                atomic.Uint64
	refusedPerUID, refusedReserved, refusedAddress atomic.Uint64
	lastRefusal                                    atomic.Pointer[time.Time] // whose age is right also after the clock was set
}

// refused counts a refusal for the reason that n counts: a limit, which may be too
// low. One because of allow= is what was asked for, and any host can have it.
func (c *counters) refused(n *atomic.Uint64) {
	n.Add(1)
	now := time.Now()
	c.lastRefusal.Store(&now)
}

// admission identifies peers and decides which of them are served.
type admission struct {
	counters
	log *asyncLog

	mu       sync.Mutex
	freed    sync.Cond // of mu: a slot is free, or the server stops
	limits   *limits
	stopping bool
}

func newAdmission(maxConnections, perUID int, log *asyncLog) *admission {
	a := &admission{limits: newLimits(maxConnections, perUID), log: log}
	a.freed.L = &a.mu
	return a
}

// setLimits changes the limits for new connections, and for those that wait.
func (a *admission) setLimits(maxConnections, perUID int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits.set(maxConnections, perUID)
	a.freed.Broadcast()
}

// stop ends the waiting in admitWhenFree.
func (a *admission) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopping = true
	a.freed.Broadcast()
}

// identifyUnix sets the peer of a Unix connection and returns its quota key.
func (a *admission) identifyUnix(c *connBase, cred peercred.Cred) quotaKey {
	c.peer.cred = cred
	c.session.SetPeer(cred)
	return quotaKey{uid: cred.UID}
}

// identifyTCP sets the peer of a TCP connection and returns its quota key. It is
// false if l does not let the peer in.
func (a *admission) identifyTCP(c *connBase, l *listen.Listener, addr netip.Addr, now session.Instant) (quotaKey, bool) {
	c.peer.addr, c.peer.port = addr.String(), l.Address().Port
	if !l.Allows(addr) {
		a.refusedAddress.Add(1)
		a.log.refusal(c.peer, "address is not allowed", now)
		return quotaKey{}, false
	}
	return quotaKeyOf(addr), true
}

// admitWhenFree is admit that waits while the server is full: for the connections
// behind this one that is the backlog. When the server stops it returns full.
func (a *admission) admitWhenFree(c *connBase, k quotaKey, conn forceCloser, clock func() session.Instant) verdict {
	a.mu.Lock()
	v := a.tryAdmit(c, k, conn, clock())
	for v == full && !a.stopping {
		a.freed.Wait()
		v = a.tryAdmit(c, k, conn, clock())
	}
	a.mu.Unlock()
	a.noteRefusal(v, c.peer, clock())
	return v
}

// tryAdmit is admit with mu held.
func (a *admission) tryAdmit(c *connBase, k quotaKey, conn forceCloser, now session.Instant) verdict {
	got, evicted, v := a.limits.admit(k, now)
	for _, e := range evicted {
		a.evicted.Add(1)
		e.conn.forceClose()
	}
	if v == admitted {
		a.give(c, got, conn)
	}
	return v
}

// give notes that c has a slot, with mu held.
func (a *admission) give(c *connBase, got *slot, conn forceCloser) {
	c.slot, got.conn = got, conn
	a.open.Add(1)
	a.counters.admitted.Add(1)
}

// noteRefusal counts and logs a refusal.
func (a *admission) noteRefusal(v verdict, p peer, now session.Instant) {
	switch v {
	case refusedPerKey:
		a.refused(&a.refusedPerUID)
		a.log.refusal(p, "at its own limit of connections", now)
	case refusedReserved:
		a.refused(&a.counters.refusedReserved)
		a.log.refusal(p, "the last slots are reserved for others", now)
	}
}

// commandReceived notes the first command of c.
func (a *admission) commandReceived(c *connBase) {
	c.completed = true
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits.commandReceived(c.slot)
}

// release gives the slot of c back.
func (a *admission) release(c *connBase) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.limits.release(c.slot)
	a.open.Add(-1)
	a.freed.Broadcast()
}
