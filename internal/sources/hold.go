package sources

import (
	"context"
	"errors"
	"time"

	"prngd/gatherers"
	"prngd/internal/change"
	"prngd/internal/credit"
	"prngd/internal/prng"
)

// How long replies wait for independent noise after an event. Clients give up at
// 10 s.
const (
	holdTime  = 500 * time.Millisecond // where no source of such noise works
	holdLimit = 5 * time.Second        // a source that gives nothing in that time does not work
	askAgain  = 100 * time.Millisecond // between two attempts at the sources
)

var causes = map[prng.Event]string{
	prng.Requested: "a reseed was requested",
	prng.Jumped:    "the clocks jumped",
	prng.Exhausted: "the reseed interval has ended",
	prng.Cloned:    "this machine was cloned or restored",
}

// endHold asks for noise until replies are no longer held. Where no independent
// source works it ends the hold with what the kernel gives.
func (s *Sources) endHold(ctx context.Context) {
	event, ticket := s.generator.Held()
	began := time.Now()
	s.options.Log.Warn(causes[event] + ": replies wait for a reseed")
	s.mixGeneration()
	limit, again := time.NewTimer(holdTime), time.NewTicker(askAgain)
	defer limit.Stop()
	defer again.Stop()
	s.Kick()
	for ctx.Err() == nil {
		changed := s.generator.Changed()
		_, now := s.generator.Held()
		if s.generator.State() != prng.ReseedRequired {
			return
		}
		if now != ticket { // held once more, with a time of its own
			ticket, began = now, time.Now()
			limit.Reset(holdTime)
			s.mixGeneration()
			s.Kick()
		}
		select {
		case <-changed:
		case <-s.clones.noticed:
		case <-again.C:
			s.Kick()
		case <-limit.C:
			if s.noiseWorks() && time.Since(began) < holdLimit || !s.release(ticket) {
				limit.Reset(holdTime)
			}
		case <-ctx.Done():
		}
	}
}

// release ends the hold of that ticket without independent noise, if it can.
func (s *Sources) release(ticket uint64) bool {
	if !s.generator.Release(ticket) {
		return false
	}
	if event := s.generator.Stats().Unsettled; event != prng.NoEvent {
		s.options.Log.Warn(causes[event] + ", and no independent source of noise works: replies go on with what the kernel gives")
	}
	return true
}

// noiseWorks reports whether a source of independent noise gives good samples, as
// far as it is known.
func (s *Sources) noiseWorks() bool {
	independent := map[string]bool{}
	for _, g := range s.List() {
		independent[g.Name] = credit.Gatherer(&g).Independent && g.Credit > 0
	}
	for _, st := range s.runner.Stats() {
		if independent[st.Name] && (st.State == gatherers.Healthy || st.State == gatherers.Waiting) {
			return true
		}
	}
	return false
}

// Reseed holds replies until a reseed with independent noise that is sampled from
// now on, or, where no source of that works, with what the kernel gives. It
// returns when the new state is in use.
func (s *Sources) Reseed(ctx context.Context) error {
	if s.generator.State() == prng.Unseeded {
		return change.Later(errors.New("not seeded yet: there is nothing to reseed"))
	}
	before := s.generator.Stats().Reseeds
	s.generator.Hold(prng.Requested)
	s.clones.wake()
	for {
		changed := s.generator.Changed()
		if s.generator.State() == prng.Seeded {
			if s.generator.Stats().Reseeds == before {
				return change.Later(errors.New("no credited source gave 320 bits in time: see egdquery status"))
			}
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return change.Later(errors.New("no credited source gave 320 bits in time: see egdquery status"))
		}
	}
}

// kernelSeed is what the kernel's generator gets, in bytes: 8 bits are counted there
// for each, and the strength of ours is 256.
const kernelSeed = 32

// reseedKernel gives the kernel what its twin does not have, if it takes that from
// this process.
func (s *Sources) reseedKernel() {
	if s.options.ReseedKernel == nil {
		return
	}
	b := make([]byte, kernelSeed)
	defer clear(b)
	if !s.generator.Generate(b) {
		return
	}
	if err := s.options.ReseedKernel(b); err != nil {
		s.options.Log.WithError(err).Info("the kernel's generator was not reseeded")
		return
	}
	s.options.Log.Info("the kernel's generator was reseeded")
}
