package gatherers

import (
	"math"
	"time"
)

const (
	// clockSlack and clockRate are what REALTIME may move against MONOTONIC
	// between two looks before we call it a discontinuity. Time daemons slew by
	// 500 ppm, leap seconds are one second, or smeared: none exceeds this.
	clockSlack = time.Second
	clockRate  = 10 // percent of the time elapsed

	// clockOrder is how far MONOTONIC may seem to go back from one program to the
	// next, each of which has read it a moment after the runtime's clock.
	clockOrder = time.Millisecond
)

// Clocks returns a function that reads both clocks in nanoseconds: the real one
// since 1970, the monotonic one since a moment that on Linux is the same for all
// programs of this machine, elsewhere the call of Clocks.
func Clocks() func() (real, mono int64) {
	base, uptime := now()
	return func() (real, mono int64) {
		now := time.Now()
		return now.UnixNano(), uptime + int64(now.Sub(base))
	}
}

// now reads the clock of the runtime and that of the machine as near to each other as
// five attempts come: a process that is not interrupted takes less than 1 us.
func now() (base time.Time, uptime int64) {
	shortest := time.Duration(math.MaxInt64)
	for range 5 {
		before, between := time.Now(), monotonic()
		if took := time.Since(before); took < shortest {
			base, uptime, shortest = before, between, took
		}
	}
	return base, uptime
}

// A ClockWatch notices that time has jumped: a virtual machine that was resumed
// from a snapshot, a suspend, somebody who set the clock. It knows no clock
// itself. The zero value is ready; one goroutine uses it at a time.
type ClockWatch struct {
	real, mono int64
	started    bool
}

// Look compares a pair of clock readings, in nanoseconds, with the pair of the
// last Look. jump is how much real moved against mono, and broken tells whether
// that was more than 1 s + 10 % of the time elapsed, or mono went back by more than 1 ms.
//
// The more often it looks, the smaller the jumps it sees: a clone that was
// stopped for less than a second escapes it.
func (w *ClockWatch) Look(real, mono int64) (jump time.Duration, broken bool) {
	last := *w
	*w = ClockWatch{real, mono, true}
	if !last.started {
		return 0, false
	}
	elapsed := time.Duration(mono - last.mono)
	jump = time.Duration(real-last.real) - elapsed
	limit := clockSlack + max(0, elapsed)/100*clockRate
	return jump, elapsed < -clockOrder || jump > limit || jump < -limit
}
