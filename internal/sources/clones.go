package sources

import (
	"context"
	"time"

	"prngd/internal/credit"
	"prngd/internal/prng"
)

// watchEvery is how often the clocks are compared while nothing is generated or
// sampled. In 5 s a time daemon that slews by 10 % moves the clock by 0.5 s, so
// that a jump of 2 s stands out.
const watchEvery = 5 * time.Second

// settleEvery is how often the sources are asked again after a hold that ended
// without independent noise.
const settleEvery = 30 * time.Second

// Event is for [prng.Env]: it is called under the generator's lock and takes a few
// nanoseconds.
func (s *Sources) Event(real, mono int64) prng.Event { return s.clones.look(real, mono) }

// cloned is called when the kernel says that this machine is a clone.
func (s *Sources) cloned() {
	s.clones.clones.Add(1)
	s.generator.Hold(prng.Cloned)
	s.clones.wake()
}

// watchClones mixes what the kernel says of clones, and ends what events begin. The
// kernel's generator gets its part as soon as independent noise has settled one.
func (s *Sources) watchClones(ctx context.Context) {
	s.mixGeneration()
	settled := true
	for ctx.Err() == nil {
		changed := s.generator.Changed()
		if event, _ := s.generator.Held(); event != prng.NoEvent {
			s.endHold(ctx)
			settled = false
			continue
		}
		was := settled
		if settled = s.generator.Stats().Unsettled == prng.NoEvent; settled && !was {
			s.reseedKernel()
		}
		select {
		case <-changed:
		case <-s.clones.noticed:
			s.mixGeneration()
		case <-ctx.Done():
		}
	}
}

// watchClocks looks for events while nobody else does, and has the sources asked
// again while one is unsettled.
func (s *Sources) watchClocks(ctx context.Context) {
	asked := time.Now()
	s.options.Ticker(ctx, watchEvery, func() {
		s.generator.Watch()
		if time.Since(asked) >= settleEvery && s.generator.Stats().Unsettled != prng.NoEvent {
			asked = time.Now()
			s.Kick()
		}
	})
}

// mixGeneration mixes the generation for no credit: it is no secret, but it parts
// two clones before their kernels have heard of it.
func (s *Sources) mixGeneration() {
	if id := s.clones.id.Load(); id != nil {
		s.generator.Source(credit.Generation()).Add(id[:], 0)
	}
}
