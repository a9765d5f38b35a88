package server

import (
	"net/netip"
	"time"
)

const (
	// DefaultConnections is how many a server admits unless told otherwise.
	DefaultConnections = 16384
	// reservedPlaces are kept for uid 0 and for uids with no connection yet, so
	// that whoever fills the rest locks out neither the administrator nor others.
	// Of a small limit it is a quarter at most. They are not for TCP, where
	// newcomers are as many as there are addresses.
	reservedPlaces = 64
	// silentTime is how long a connection may go without its first command
	// before its own uid's next one takes its place.
	silentTime = 60 * time.Second
)

// payer is who answers for a connection: a uid, or a TCP peer's host.
type payer struct {
	uid  int // -1: the system does not say; or tcpPayer
	addr netip.Addr
}

const tcpPayer = -2

// place is one admitted connection. A place whose connection has sent no
// command yet is in its payer's list of silent ones, oldest first.
type place struct {
	payer      payer
	since      instant
	prev, next *place // nil: not in the list
	gone       bool
	conn       cutter
}

// cutter is a connection that can be ended in whatever it does.
type cutter interface{ cut() }

// account is what one payer has.
type account struct {
	places int
	silent place // head of a ring
}

// limits decides who gets in. It knows neither sockets nor clocks, and has no
// lock of its own.
type limits struct {
	max, perPayer int
	places        int
	accounts      map[payer]*account
}

// verdict is what becomes of a newcomer.
type verdict uint8

const (
	admitted        verdict = iota
	refusedPerPayer         // its payer is at its own limit
	refusedReserved         // only reserved places are left
	full                    // none is left: it has to wait
)

func newLimits(max, perPayer int) *limits {
	l := &limits{accounts: make(map[payer]*account)}
	l.set(max, perPayer)
	return l
}

// set changes the limits; 0 stands for the default. Nobody is closed.
func (l *limits) set(max, perPayer int) {
	if max <= 0 {
		max = DefaultConnections
	}
	if perPayer <= 0 {
		perPayer = (max + 1) / 2
	}
	l.max, l.perPayer = max, perPayer
}

// admit decides about a newcomer of p. When it is admitted it has a place,
// until release. The places in evicted have lost theirs: close them.
func (l *limits) admit(p payer, now instant) (got *place, evicted []*place, v verdict) {
	a := l.accounts[p]
	if l.atLimit(a, p) {
		evicted = l.evict(a, now)
		if a = l.accounts[p]; l.atLimit(a, p) {
			return nil, evicted, refusedPerPayer
		}
	}
	if l.places >= l.max {
		return nil, evicted, full
	}
	if (a != nil && p.uid != 0 || p.uid == tcpPayer) && l.places >= l.max-min(reservedPlaces, l.max/4) {
		return nil, evicted, refusedReserved
	}
	return l.add(p, now), evicted, admitted
}

// add gives p a place.
func (l *limits) add(p payer, since instant) *place {
	a := l.accounts[p]
	if a == nil {
		a = new(account)
		a.silent.prev, a.silent.next = &a.silent, &a.silent
		l.accounts[p] = a
	}
	got := &place{payer: p, since: since, prev: a.silent.prev, next: &a.silent}
	got.prev.next, got.next.prev = got, got
	a.places++
	l.places++
	return got
}

// atLimit reports whether p has all it may have. Those whom the system does not
// tell apart share the global limit alone.
func (l *limits) atLimit(a *account, p payer) bool {
	return a != nil && a.places >= l.perPayer && p.uid != -1
}

// evict takes the places of those that have been silent for too long.
func (l *limits) evict(a *account, now instant) (evicted []*place) {
	for p := a.silent.next; p != &a.silent && now > p.since.after(silentTime); p = a.silent.next {
		l.release(p)
		evicted = append(evicted, p)
	}
	return evicted
}

// spoke notes that the connection in p has sent a command: it is never closed
// to make room.
func (l *limits) spoke(p *place) {
	if p.next != nil {
		p.prev.next, p.next.prev = p.next, p.prev
		p.prev, p.next = nil, nil
	}
}

// release gives p back, if it is not taken already.
func (l *limits) release(p *place) {
	if p.gone {
		return
	}
	p.gone = true
	l.spoke(p)
	l.places--
	a := l.accounts[p.payer]
	if a.places--; a.places == 0 {
		delete(l.accounts, p.payer)
	}
}
