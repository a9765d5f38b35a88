package server

import (
	"math"
	"time"

	"prngd/internal/prng"
)

// heldWait bounds command 1 after a clone or a lost state. Postfix gives up
// after 10 s, and an empty answer costs it less than a time-out.
const heldWait = 9 * time.Second

// instant is a monotonic time in nanoseconds since before the server was made; always
// positive, so that 0 can say "not set".
type instant int64

const never instant = math.MaxInt64

func (t instant) after(d time.Duration) instant { return t + instant(d) }

// gate is what a session is told about the generator: its state, and how long
// command 1 may wait while that is not Open.
type gate struct {
	state prng.State
	wait  time.Duration
}

// waitFor returns the gate in this state, where unseeded is what the
// configuration lets command 1 wait before the first seed.
func waitFor(state prng.State, unseeded time.Duration) gate {
	switch state {
	case prng.Unseeded:
		return gate{state, unseeded}
	case prng.ReseedRequired:
		return gate{state, heldWait}
	}
	return gate{state: state}
}
