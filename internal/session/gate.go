package session

import (
	"math"
	"time"

	"prngd/internal/prng"
)

// Instant is a monotonic time in nanoseconds. It is always positive, so that 0 can
// mean "not set".
type Instant int64

// Never is later than every Instant.
const Never Instant = math.MaxInt64

// After returns the Instant d later than t.
func (t Instant) After(d time.Duration) Instant { return t + Instant(d) }

// Age returns how long ago t was at now, and -1 if t is not set.
func (t Instant) Age(now Instant) time.Duration {
	if t == 0 {
		return -1
	}
	return max(0, time.Duration(now-t))
}

// Ago returns the Instant whose Age is age at t. It is the inverse of Age.
func (t Instant) Ago(age time.Duration) Instant {
	if age < 0 {
		return 0
	}
	return max(1, t-Instant(age))
}

// reseedWait bounds command 1 while a reseed is required. Postfix gives up after
// 10 s, and an empty answer costs it less than a time-out.
const reseedWait = 9 * time.Second

// Gate is the state of the generator, and how long command 1 may wait while that
// is not Seeded.
type Gate struct {
	State prng.State
	Wait  time.Duration
}

// GateOf returns the Gate of a state, where unseeded is how long the
// configuration lets command 1 wait before the first seed.
func GateOf(state prng.State, unseeded time.Duration) Gate {
	switch state {
	case prng.Unseeded:
		return Gate{state, unseeded}
	case prng.ReseedRequired:
		return Gate{state, reseedWait}
	}
	return Gate{State: state}
}
