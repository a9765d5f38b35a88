package sources

import (
	"context"
	"errors"
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
	raised     chan prng.CloneEvent

	id            atomic.Pointer[[16]byte] // the generation as last read
	jumps, clones atomic.Uint64
}

// askEvery spares the systems where the generation costs a system call.
const askEvery = int64(time.Second)

// holdTime is how long replies wait for a fresh burst of jitter after the clocks
// have jumped. Clients give up at 10 s.
const holdTime = 500 * time.Millisecond

func newCloneWatch() *cloneWatch {
	w := &cloneWatch{raised: make(chan prng.CloneEvent, 1)}
	w.generation, _ = gatherers.OpenGeneration() // nil is the usual case
	if w.generation != nil {
		w.note()
	}
	return w
}

// CloneEvent is for [prng.Env]: it is called under the generator's lock and takes
// a few nanoseconds.
func (s *Sources) CloneEvent(real, mono int64) prng.CloneEvent { return s.clones.look(real, mono) }

func (w *cloneWatch) look(real, mono int64) prng.CloneEvent {
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
		w.raise(event)
	}
	return event
}

// note keeps the generation for mixGeneration, which must not run under the
// generator's lock.
func (w *cloneWatch) note() {
	id := w.generation.Value()
	w.id.Store(&id)
}

func (w *cloneWatch) raise(event prng.CloneEvent) {
	select {
	case w.raised <- event:
	default:
	}
}

// watchClones ends what an event began: it brings the reseed for which replies
// are held.
func (s *Sources) watchClones(ctx context.Context) {
	s.mixGeneration()
	go func() {
		err := gatherers.WatchGeneration(ctx, func() {
			s.clones.clones.Add(1)
			s.generator.Hold()
			s.clones.raise(prng.Cloned)
		})
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			s.options.Log.WithError(err).Warn("clones of this machine will not be noticed by the kernel's event")
		}
	}()
	for {
		select {
		case event := <-s.clones.raised:
			s.endHold(ctx, event)
		case <-ctx.Done():
			return
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

// endHold asks for fresh bits until replies are no longer held. After a jump of
// the clocks, which may have been no clone at all, it waits half a second.
func (s *Sources) endHold(ctx context.Context, event prng.CloneEvent) {
	what := "this machine was cloned or restored"
	if event == prng.Jumped {
		what = "the clocks jumped"
	}
	s.options.Log.Warn(what + ": reseeding")
	s.mixGeneration()
	limit := time.NewTimer(holdTime)
	defer limit.Stop()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	s.Kick()
	for {
		changed := s.generator.Changed()
		if s.generator.State() != prng.ReseedRequired {
			return
		}
		select {
		case <-changed:
		case next := <-s.clones.raised: // held once more, with half a second of its own
			event = max(event, next)
			limit.Reset(holdTime)
			s.Kick()
		case <-limit.C:
			if event == prng.Jumped {
				s.options.Log.Warn("no fresh entropy in time: serving on, a reseed will follow")
				s.generator.Release()
			}
		case <-again.C:
			s.Kick()
		case <-ctx.Done():
			return
		}
	}
}
