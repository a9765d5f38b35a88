package sources

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"prngd/gatherers"
	"prngd/internal/credit"
	"prngd/internal/prng"
)

// cloneWatch notices events after which a twin may have the generator's state.
type cloneWatch struct {
	clock      gatherers.ClockWatch
	generation *gatherers.Generation // nil where this machine has none
	asked      int64                 // mono: when the generation was last read
	messages   *messages             // of the kernel

	noticed       chan struct{}            // holds one: an event was noticed
	id            atomic.Pointer[[16]byte] // the generation as last read
	jumps, clones atomic.Uint64
}

// askEvery spares the systems where the generation costs a system call.
const askEvery = int64(time.Second)

// watchEvery is how often the clocks are compared while nothing is generated or
// sampled. In 5 s a time daemon that slews by 10 % moves the clock by 0.5 s, so
// that a jump of 2 s stands out.
const watchEvery = 5 * time.Second

func newCloneWatch(before *State) *cloneWatch {
	w := &cloneWatch{noticed: make(chan struct{}, 1), messages: openMessages(before)}
	w.generation, _ = gatherers.OpenGeneration() // nil is the usual case
	if w.generation != nil {
		w.note()
	}
	if before != nil {
		w.clones.Store(before.Clones)
		w.jumps.Store(before.ClockJumps)
	}
	return w
}

// Event is for [prng.Env]: it is called under the generator's lock and takes a few
// nanoseconds.
func (s *Sources) Event(real, mono int64) prng.Event { return s.clones.look(real, mono) }

func (w *cloneWatch) look(real, mono int64) prng.Event {
	event := prng.NoEvent
	if _, jumped := w.clock.Look(real, mono); jumped {
		event = prng.Jumped
		w.jumps.Add(1)
	}
	if w.generation != nil && (runtime.GOOS == "linux" || mono-w.asked >= askEvery) {
		w.asked = mono
		if w.generation.Changed() {
			event = prng.Cloned
			w.clones.Add(1)
			w.note()
		}
	}
	if event != prng.NoEvent {
		w.wake()
	}
	return event
}

// note keeps the generation for mixGeneration, which must not run under the
// generator's lock.
func (w *cloneWatch) note() {
	id := w.generation.Value()
	w.id.Store(&id)
}

// wake has watchClones look at what holds the generator.
func (w *cloneWatch) wake() {
	select {
	case w.noticed <- struct{}{}:
	default:
	}
}

// cloned is called when the kernel says that this machine is a clone.
func (s *Sources) cloned() {
	s.clones.clones.Add(1)
	s.generator.Hold(prng.Cloned)
	s.clones.wake()
}

// watchClones looks for events while nobody else does, and ends what they begin.
func (s *Sources) watchClones(ctx context.Context) {
	s.mixGeneration()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		changed := s.generator.Changed()
		if event, _ := s.generator.Held(); event != prng.NoEvent {
			s.endHold(ctx)
			continue
		}
		select {
		case <-changed:
		case <-s.clones.noticed:
			s.mixGeneration()
		case <-tick.C:
			s.generator.Watch()
		case <-ctx.Done():
		}
	}
}

// mixGeneration mixes the generation for no credit: it is no secret, but it parts
// two clones before their kernels have heard of it.
func (s *Sources) mixGeneration() {
	if id := s.clones.id.Load(); id != nil {
		s.generator.Source(credit.Generation()).Add(id[:], 0)
	}
}
