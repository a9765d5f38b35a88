package server

import (
	"sync/atomic"
	"time"

	"prngd/internal/prng"
)

// Stats is what the server has counted since it was made.
type Stats struct {
	Clients     int       // connections now
	ClientsEver uint64    // connections admitted
	Requests    [5]uint64 // answered in full, by command
	BytesOut    uint64    // reply bytes that peers took

	ShortReplies  uint64 // replies to command 1 that were short although the gate was open: always 0
	EmptyUnseeded uint64 // command 1 answered with nothing while the gate was shut
	EmptyHeld     uint64 // the same after a clone or a lost state

	WritesCredited uint64 // writes (command 3) that counted
	WritesRefused  uint64 // writes that claimed bits and counted for nothing
	WritesClamped  uint64 // writes that claimed more than 8 bits a byte
	CreditedBits   uint64 // by writes, all together

	UnknownCommands uint64 // connections closed for one
	PartialRequests uint64 // connections that ended inside a request
	RequestTimeouts uint64 // requests not completed within 30 s
	WriteTimeouts   uint64 // peers that took no byte of a reply for 30 s

	RefusedPerUID   uint64    // newcomers of a uid, or TCP address, at its own limit
	RefusedReserved uint64    // newcomers turned away to keep the last places for others
	RefusedAddress  uint64    // TCP peers that no allow= lets in
	Evicted         uint64    // connections closed at their uid's limit that had never sent a command
	LastRefusal     time.Time // zero: none yet
	AcceptErrors    uint64    // out of descriptors and the like
}

// counters are the moving parts of Stats.
type counters struct {
	clients                                                      atomic.Int64
	clientsEver, bytesOut                                        atomic.Uint64
	requests                                                     [5]atomic.Uint64
	shortReplies, emptyUnseeded, emptyHeld                       atomic.Uint64
	writesCredited, writesRefused, writesClamped, creditedBits   atomic.Uint64
	unknownCommands, partialRequests                             atomic.Uint64
	requestTimeouts, writeTimeouts                               atomic.Uint64
	refusedPerUID, refusedReserved, refusedAddress, acceptErrors atomic.Uint64
	evicted                                                      atomic.Uint64
	lastRefusal                                                  atomic.Pointer[time.Time] // whose age is right also after the clock was set
}

// tally is what changes with every request. A driver counts it for itself and
// publishes it now and then: that is cheaper than an atomic operation for each.
type tally struct {
	requests [5]uint64
	bytesOut uint64
}

// publish adds t to the counters and zeroes it.
func (c *counters) publish(t *tally) {
	if t.bytesOut > 0 {
		c.bytesOut.Add(t.bytesOut)
	}
	for i, n := range t.requests {
		if n > 0 {
			c.requests[i].Add(n)
		}
	}
	*t = tally{}
}

// Stats returns the counters. Each is exact; together they are not a snapshot.
func (s *Server) Stats() Stats {
	c := &s.service.counters
	st := Stats{
		Clients:         int(c.clients.Load()),
		ClientsEver:     c.clientsEver.Load(),
		BytesOut:        c.bytesOut.Load(),
		ShortReplies:    c.shortReplies.Load(),
		EmptyUnseeded:   c.emptyUnseeded.Load(),
		EmptyHeld:       c.emptyHeld.Load(),
		WritesCredited:  c.writesCredited.Load(),
		WritesRefused:   c.writesRefused.Load(),
		WritesClamped:   c.writesClamped.Load(),
		CreditedBits:    c.creditedBits.Load(),
		UnknownCommands: c.unknownCommands.Load(),
		PartialRequests: c.partialRequests.Load(),
		RequestTimeouts: c.requestTimeouts.Load(),
		WriteTimeouts:   c.writeTimeouts.Load(),
		RefusedPerUID:   c.refusedPerUID.Load(),
		RefusedReserved: c.refusedReserved.Load(),
		RefusedAddress:  c.refusedAddress.Load(),
		Evicted:         c.evicted.Load(),
		AcceptErrors:    c.acceptErrors.Load(),
	}
	for i := range st.Requests {
		st.Requests[i] = c.requests[i].Load()
	}
	if t := c.lastRefusal.Load(); t != nil {
		st.LastRefusal = *t
	}
	return st
}

// empties counts a command 1 that was answered with nothing.
func (c *counters) empties(state prng.State) {
	switch state {
	case prng.Seeded:
		c.shortReplies.Add(1)
	case prng.ReseedRequired:
		c.emptyHeld.Add(1)
	default:
		c.emptyUnseeded.Add(1)
	}
}

// ended counts how a connection ended.
func (c *counters) ended(why ending) {
	switch why {
	case strange:
		c.unknownCommands.Add(1)
	case cutShort:
		c.partialRequests.Add(1)
	case slow:
		c.requestTimeouts.Add(1)
	case stalled:
		c.writeTimeouts.Add(1)
	}
}

// refused counts a refusal for the reason that n counts.
func (c *counters) refused(n *atomic.Uint64) {
	n.Add(1)
	now := time.Now()
	c.lastRefusal.Store(&now)
}

// Continue counts on from what the program before this one in the same process
// has counted. Call it once, before Serve. The connections that were handed over
// are counted again as they are inherited, so they are left out.
func (s *Server) Continue(before Stats, inherited int) {
	c := &s.service.counters
	c.clientsEver.Add(before.ClientsEver - min(before.ClientsEver, uint64(inherited)))
	for _, sum := range []struct {
		to     *atomic.Uint64
		before uint64
	}{
		{&c.bytesOut, before.BytesOut},
		{&c.shortReplies, before.ShortReplies},
		{&c.emptyUnseeded, before.EmptyUnseeded},
		{&c.emptyHeld, before.EmptyHeld},
		{&c.writesCredited, before.WritesCredited},
		{&c.writesRefused, before.WritesRefused},
		{&c.writesClamped, before.WritesClamped},
		{&c.creditedBits, before.CreditedBits},
		{&c.unknownCommands, before.UnknownCommands},
		{&c.partialRequests, before.PartialRequests},
		{&c.requestTimeouts, before.RequestTimeouts},
		{&c.writeTimeouts, before.WriteTimeouts},
		{&c.refusedPerUID, before.RefusedPerUID},
		{&c.refusedReserved, before.RefusedReserved},
		{&c.refusedAddress, before.RefusedAddress},
		{&c.evicted, before.Evicted},
		{&c.acceptErrors, before.AcceptErrors},
	} {
		sum.to.Add(sum.before)
	}
	for i := range c.requests {
		c.requests[i].Add(before.Requests[i])
	}
	if !before.LastRefusal.IsZero() {
		c.lastRefusal.Store(&before.LastRefusal)
	}
}
