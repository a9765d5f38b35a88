package session

import (
	"sync/atomic"

	"prngd/internal/prng"
)

// Ending is why a session is over.
type Ending uint8

// Endings.
const (
	Alive          Ending = iota // it is not over
	Finished                     // end of input, everything answered
	Truncated                    // end of input inside a request
	UnknownCommand               // the peer sent a command that the protocol does not have
	RequestTimeout               // a begun request was not completed in time
	WriteTimeout                 // the peer took no byte of its replies in time
)

// Counters counts what the sessions of a server did.
type Counters struct {
	Requests [5]atomic.Uint64 // answered in full, by command
	BytesOut atomic.Uint64    // reply bytes that peers took

	ShortReplies  atomic.Uint64 // empty replies to command 1 while seeded: always 0
	EmptyUnseeded atomic.Uint64 // empty replies to command 1 before the first seed
	EmptyHeld     atomic.Uint64 // empty replies to command 1 while a reseed is required

	WritesCredited, WritesRefused, WritesClamped, CreditedBits       atomic.Uint64
	UnknownCommands, PartialRequests, RequestTimeouts, WriteTimeouts atomic.Uint64
}

// Tally is what changes with every request. A driver counts it for itself and
// publishes it now and then: that is cheaper than an atomic operation for each.
type Tally struct {
	Requests [5]uint64
	BytesOut uint64
}

// Publish adds t to the counters and zeroes it.
func (c *Counters) Publish(t *Tally) {
	if t.BytesOut > 0 {
		c.BytesOut.Add(t.BytesOut)
	}
	for i, n := range t.Requests {
		if n > 0 {
			c.Requests[i].Add(n)
		}
	}
	*t = Tally{}
}

// countEmpty counts a command 1 that was answered with nothing.
func (c *Counters) countEmpty(state prng.State) {
	switch state {
	case prng.Seeded:
		c.ShortReplies.Add(1)
	case prng.ReseedRequired:
		c.EmptyHeld.Add(1)
	default:
		c.EmptyUnseeded.Add(1)
	}
}

// countEnding counts how a session ended.
func (c *Counters) countEnding(why Ending) {
	switch why {
	case UnknownCommand:
		c.UnknownCommands.Add(1)
	case Truncated:
		c.PartialRequests.Add(1)
	case RequestTimeout:
		c.RequestTimeouts.Add(1)
	case WriteTimeout:
		c.WriteTimeouts.Add(1)
	}
}
