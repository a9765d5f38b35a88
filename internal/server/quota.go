package server

import (
	"net/netip"
	"time"

	"prngd/internal/session"
)

const (
	// DefaultConnections is how many connections a server admits unless told
	// otherwise.
	DefaultConnections = 16384
	// reservedSlots are kept for uid 0 and for uids with no connection yet, so that
	// a user that fills the rest locks out neither the administrator nor others. Of
	// a small limit it is a quarter at most. They are not for TCP, where new peers
	// are as many as there are addresses.
	reservedSlots = 64
	// silentTime is how long a connection may go without its first command before
	// the next one of its own quota takes its slot.
	silentTime = 60 * time.Second
)

// quotaKey is what a connection is counted for: a uid, or the host of a TCP peer.
type quotaKey struct {
	uid  int // -1: the system does not say; or tcpUID
	addr netip.Addr
}

const tcpUID = -2

// quotaKeyOf returns the key of a TCP peer: what that cannot have many of. That is an
// IPv4 address, an IPv6 network of 64 bits, and of this host's own 2^24 addresses all
// together.
func quotaKeyOf(addr netip.Addr) quotaKey {
	switch {
	case addr.IsLoopback():
		addr = netip.IPv6Loopback()
	case addr.Is6():
		network, _ := addr.WithZone("").Prefix(64)
		addr = network.Addr()
	}
	return quotaKey{uid: tcpUID, addr: addr}
}

// slot is held by one admitted connection. A slot whose connection has sent no
// command yet is in its quota's list of silent ones, oldest first.
type slot struct {
	key        quotaKey
	since      session.Instant
	prev, next *slot // nil: not in the list
	released   bool
	conn       forceCloser
}

// forceCloser is a connection that can be closed in whatever it does.
type forceCloser interface{ forceClose() }

// quota is what the connections of one key have.
type quota struct {
	slots  int
	silent slot // head of a ring
}

// limits decides which connections get a slot. It has no socket, clock or lock of
// its own.
type limits struct {
	max, perKey int
	slots       int
	quotas      map[quotaKey]*quota
}

// verdict is the decision about a new connection.
type verdict uint8

const (
	admitted        verdict = iota
	refusedPerKey           // its quota is used up
	refusedReserved         // only reserved slots are left
	full                    // no slot is left: it has to wait
)

func newLimits(max, perKey int) *limits {
	l := &limits{quotas: make(map[quotaKey]*quota)}
	l.set(max, perKey)
	return l
}

// set changes the limits; 0 stands for the default. It closes no connection.
func (l *limits) set(max, perKey int) {
	if max <= 0 {
		max = DefaultConnections
	}
	if perKey <= 0 {
		perKey = (max + 1) / 2
	}
	l.max, l.perKey = max, perKey
}

// admit decides about a new connection of key k. When it is admitted it has a slot,
// until release. The slots in evicted have lost theirs: close their connections.
func (l *limits) admit(k quotaKey, now session.Instant) (got *slot, evicted []*slot, v verdict) {
	q := l.quotas[k]
	if l.exhausted(q, k) {
		evicted = l.evict(q, now)
		if q = l.quotas[k]; l.exhausted(q, k) {
			return nil, evicted, refusedPerKey
		}
	}
	if l.slots >= l.max {
		return nil, evicted, full
	}
	if (q != nil && k.uid != 0 || k.uid == tcpUID) && l.slots >= l.max-min(reservedSlots, l.max/4) {
		return nil, evicted, refusedReserved
	}
	return l.add(k, now), evicted, admitted
}

// add gives a connection of key k a slot, whatever the limits are.
func (l *limits) add(k quotaKey, since session.Instant) *slot {
	q := l.quotas[k]
	if q == nil {
		q = new(quota)
		q.silent.prev, q.silent.next = &q.silent, &q.silent
		l.quotas[k] = q
	}
	got := &slot{key: k, since: since, prev: q.silent.prev, next: &q.silent}
	got.prev.next, got.next.prev = got, got
	q.slots++
	l.slots++
	return got
}

// exhausted reports whether the connections of k have all slots that they may have.
// Peers that the system does not tell apart share the global limit alone.
func (l *limits) exhausted(q *quota, k quotaKey) bool {
	return q != nil && q.slots >= l.perKey && k.uid != -1
}

// evict releases the slots of connections that have been silent for too long.
func (l *limits) evict(q *quota, now session.Instant) (evicted []*slot) {
	for s := q.silent.next; s != &q.silent && now > s.since.After(silentTime); s = q.silent.next {
		l.release(s)
		evicted = append(evicted, s)
	}
	return evicted
}

// commandReceived notes that the connection of s has sent a command: it is never
// closed to make room.
func (l *limits) commandReceived(s *slot) {
	if s.next != nil {
		s.prev.next, s.next.prev = s.next, s.prev
		s.prev, s.next = nil, nil
	}
}

// release gives s back, once.
func (l *limits) release(s *slot) {
	if s.released {
		return
	}
	s.released = true
	l.commandReceived(s)
	l.slots--
	q := l.quotas[s.key]
	if q.slots--; q.slots == 0 {
		delete(l.quotas, s.key)
	}
}
