package server

import (
	"sync/atomic"
	"time"
)

// Stats is what the server has counted since it was made.
type Stats struct {
	Clients     int       // connections now
	ClientsEver uint64    // connections admitted
	Requests    [5]uint64 // answered in full, by command
	BytesOut    uint64    // reply bytes that peers took

	ShortReplies  uint64 // replies to command 1 that were short while seeded: always 0
	EmptyUnseeded uint64 // command 1 answered with nothing before the first seed
	EmptyHeld     uint64 // the same while a reseed is required

	WritesCredited uint64 // writes (command 3) that counted
	WritesRefused  uint64 // writes that claimed bits and counted for nothing
	WritesClamped  uint64 // writes that claimed more than 8 bits a byte
	CreditedBits   uint64 // by writes, all together

	UnknownCommands uint64 // connections closed for one
	PartialRequests uint64 // connections that ended inside a request
	RequestTimeouts uint64 // requests not completed within 30 s
	WriteTimeouts   uint64 // peers that took no byte of a reply for 30 s

	RefusedPerUID   uint64    // connections of a uid, or TCP address, at its own limit
	RefusedReserved uint64    // connections refused to keep the last slots for others
	RefusedAddress  uint64    // TCP peers that no allow= lets in
	Evicted         uint64    // connections closed at their uid's limit that had sent no command
	LastRefusal     time.Time // by a limit; zero: none yet
	AcceptErrors    uint64    // out of descriptors and the like
}

// sum is one counter and its field of a Stats.
type sum struct {
	counter *atomic.Uint64
	stat    *uint64
}

// sums pairs the counters that only grow with the fields of st.
func (s *Server) sums(st *Stats) []sum {
	c, a := &s.core.sessions.Counters, &s.core.admission.counters
	return []sum{
		{&a.admitted, &st.ClientsEver},
		{&c.BytesOut, &st.BytesOut},
		{&c.ShortReplies, &st.ShortReplies},
		{&c.EmptyUnseeded, &st.EmptyUnseeded},
		{&c.EmptyHeld, &st.EmptyHeld},
		{&c.WritesCredited, &st.WritesCredited},
		{&c.WritesRefused, &st.WritesRefused},
		{&c.WritesClamped, &st.WritesClamped},
		{&c.CreditedBits, &st.CreditedBits},
		{&c.UnknownCommands, &st.UnknownCommands},
		{&c.PartialRequests, &st.PartialRequests},
		{&c.RequestTimeouts, &st.RequestTimeouts},
		{&c.WriteTimeouts, &st.WriteTimeouts},
		{&a.refusedPerUID, &st.RefusedPerUID},
		{&a.refusedReserved, &st.RefusedReserved},
		{&a.refusedAddress, &st.RefusedAddress},
		{&a.evicted, &st.Evicted},
		{&a.acceptErrors, &st.AcceptErrors},
	}
}

// Stats returns the counters. Each is exact; together they are not a snapshot.
func (s *Server) Stats() Stats {
	c, a := &s.core.sessions.Counters, &s.core.admission.counters
	st := Stats{Clients: int(a.open.Load())}
	for _, sum := range s.sums(&st) {
		*sum.stat = sum.counter.Load()
	}
	for i := range st.Requests {
		st.Requests[i] = c.Requests[i].Load()
	}
	if t := a.lastRefusal.Load(); t != nil {
		st.LastRefusal = *t
	}
	return st
}

// Continue counts on from what the previous program of this process has counted. Call it once, before Serve. The connections that were handed over
// are counted again as they are inherited, so they are left out.
func (s *Server) Continue(before Stats, inherited int) {
	c, a := &s.core.sessions.Counters, &s.core.admission.counters
	before.ClientsEver -= min(before.ClientsEver, uint64(inherited))
	for _, sum := range s.sums(&before) {
		sum.counter.Add(*sum.stat)
	}
	for i := range c.Requests {
		c.Requests[i].Add(before.Requests[i])
	}
	if !before.LastRefusal.IsZero() {
		a.lastRefusal.Store(&before.LastRefusal)
	}
}
