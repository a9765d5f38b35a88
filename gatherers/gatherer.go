// Package gatherers collects samples of what an attacker cannot know about
// this machine, one file per source, and runs them all (Runner).
//
// It knows no pool: samples leave through a Sink, together with the number of
// bits they may count for. Nearly all count for nothing: see Credit.
package gatherers

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Credit is what a healthy sample counts for, in bits of min-entropy per byte,
// 0 to 8. It is a claim about an attacker on this very host that reads /proc
// and runs ps as the daemon does; that is why most gatherers have None and are mixed all
// the same, for the attacker who is elsewhere.
type Credit float64

// None is the credit of whatever a local observer can see as well.
const None Credit = 0

// Bits returns what n bytes count for: whole bits, rounded down.
func (c Credit) Bits(n int) int {
	if !(c > 0) { // also NaN, which a configuration may well hold
		return 0
	}
	return int(float64(min(c, 8)) * float64(n))
}

// A Gatherer is one source of samples.
type Gatherer struct {
	// Name is stable and unique among the gatherers of a Runner; it is what
	// prngd.conf and the status call the source.
	Name string

	// Every is the period. It is never below a second.
	Every time.Duration

	// Relaxed, if not 0, replaces Every while another credited gatherer of
	// this machine works: a costly source rests while the kernel seeds.
	Relaxed time.Duration

	// Limit is the time one sample may take; 0 means Every, but at most a minute.
	Limit time.Duration

	// Phase moves the ticks: they fall on the start of the Runner plus Phase
	// plus a multiple of Every. The first sample is taken at once all the same.
	Phase time.Duration

	// Lane, if not nil, is shared by sources of which at most cap(Lane) may be
	// sampled at a time. Waiting for it does not count against Limit.
	Lane chan struct{}

	// Credit is what a healthy sample counts for.
	Credit Credit

	// Untrusted marks data that others made: another daemon's, a file's. It is
	// never a reason to stir the generator.
	Untrusted bool

	// Once marks a source of which one good sample is taken in the life of the
	// Runner, whatever is reloaded.
	Once bool

	// Tested marks a source whose Gather runs the health tests of SP 800-90B 4
	// itself and returns a HealthError. Those of every other credited source are
	// run by the Runner: its first 1,024 bytes are the start-up test and count
	// nothing.
	Tested bool

	// Conditioned marks the output of a generator that accounts for its own
	// entropy. No estimator can tell that it is worth its credit: the estimate is
	// shown and does not lower it.
	Conditioned bool

	// Gather takes one sample. It is called by one goroutine at a time, and the
	// sample is cleared once it is mixed: a buffer can be kept for the next.
	//
	// errors.ErrUnsupported says that this system has no such source: it
	// retires quietly. Uncredited says that the sample is good for mixing
	// only. A HealthError drops the sample. Beside any other error it is mixed
	// too, counting nothing.
	Gather func(ctx context.Context) ([]byte, error)

	// Close, if not nil, closes what is open, when the sample under way has ended,
	// for which it does not wait. Gather then fails. It may be called at any time,
	// and again.
	Close func()

	// Detail, if not nil, is one line about the source for the status, such as
	// a parameter chosen at start. Unlike Gather it may be called at any time.
	Detail func() string
}

// Take takes one sample by Gather. Whatever ends one after the deadline of ctx is told
// as a sample that did not come in time. A panic is an error: a library that knows
// this system, or its strange /proc, less well than it thought must not end
// the program.
func (g *Gatherer) Take(ctx context.Context) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			data, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	data, err = g.Gather(ctx)
	_, mixed := errors.AsType[Uncredited](err)
	if err != nil && ctx.Err() == context.DeadlineExceeded && !mixed {
		err = fmt.Errorf("no sample in time: %d bytes came", len(data))
	}
	return data, err
}

// Uncredited is returned beside a sample that must not count, and says why. It
// is no failure: there is no back-off, and the reason stands in the status.
type Uncredited string

// Error returns the reason.
func (u Uncredited) Error() string { return string(u) }

// A Sink takes a sample and the bits it counts for. It is called by many
// goroutines at once and must not keep data.
type Sink func(g *Gatherer, data []byte, bits int)

// gather takes one sample: see Gatherer.Gather.
type gather = func(context.Context) ([]byte, error)
