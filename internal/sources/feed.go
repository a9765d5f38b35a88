package sources

import (
	"context"
	"slices"
	"time"

	"prngd/gatherers"
	"prngd/internal/credit"
	"prngd/internal/prng"
)

// headStart is for the clients that have waited for the daemon, if the kernel has
// seeded it already: the first samples of all gatherers keep two processors busy
// for some 30 ms. Measured on one processor, from exec to the first reply: 7 ms
// with it at once.
const headStart = 20 * time.Millisecond

// kickEvery is the pace of asking while nothing can be served; a kernel that has
// no bytes yet may have some in a moment.
const kickEvery = 10 * time.Second

// feed runs the gatherers until ctx ends, again after every Commit.
func (s *Sources) feed(ctx context.Context) {
	if s.generator.State() == prng.Seeded {
		select {
		case <-ctx.Done():
		case <-time.After(headStart):
		}
	}
	for ctx.Err() == nil {
		current, cancel := context.WithCancel(ctx)
		s.mu.Lock()
		s.restart = cancel
		list := slices.Clone(s.list)
		s.mu.Unlock()
		for i := range list {
			if fromOutside(list[i]) {
				s.generator.RememberOutput()
			}
			list[i] = s.stamped(list[i])
		}
		s.runner.Run(current, list)
		cancel()
	}
}

// add gives a sample to the generator. Credited sources are asked again at once
// while it is unseeded, a burst of jitter being half of the first seed, and while a
// reseed waits for independent noise, after each sample of that.
func (s *Sources) add(g *gatherers.Gatherer, data []byte, bits int) {
	quiet := prng.BeginQuiet()
	defer quiet.End()
	policy := credit.Gatherer(g)
	credited := s.generator.Source(policy).AddSampled(data, bits, s.begun(g.Name))
	if credited == 0 {
		return
	}
	if s.generator.State() == prng.Unseeded || policy.Independent && s.generator.Wanted() {
		s.Kick()
	}
}

// stamped returns g with a note of the generator's ticket at the start of each
// sample, for add: what was begun before an event must not count after it.
func (s *Sources) stamped(g gatherers.Gatherer) gatherers.Gatherer {
	gather := g.Gather
	g.Gather = func(ctx context.Context) ([]byte, error) {
		s.tickets.Store(g.Name, s.generator.Ticket())
		data, err := gather(ctx)
		if err == nil && fromOutside(g) && s.generator.Gave(data) {
			err = gatherers.Uncredited("it gives back this daemon's own output")
		}
		return data, err
	}
	return g
}

// fromOutside reports whether g counts and may be a relay of our own output. Where
// such a gatherer is sampled, the generator remembers what it gives.
func fromOutside(g gatherers.Gatherer) bool { return g.Credit > 0 && !g.Tested }

// begun returns the ticket of the last sample of that gatherer: one goroutine
// calls its Gather and then add.
func (s *Sources) begun(name string) uint64 {
	ticket, _ := s.tickets.Load(name)
	n, _ := ticket.(uint64)
	return n
}

// SampleKernel seeds the generator, where the kernel can, before the first client
// has a socket to connect to: it takes microseconds, to start the gatherers
// milliseconds.
func (s *Sources) SampleKernel() {
	list := s.List()
	i := slices.IndexFunc(list, func(g gatherers.Gatherer) bool { return g.Name == "kernel" })
	if i < 0 {
		return
	}
	stamped := s.stamped(list[i])
	kernel := &stamped
	data, err := kernel.Gather(context.Background())
	defer clear(data)
	if err == nil {
		s.add(kernel, data, kernel.Credit.Bits(len(data)))
	}
}

// kickUntilSeeded samples the credited sources again and again until the
// generator is seeded.
func (s *Sources) kickUntilSeeded(ctx context.Context) {
	tick := time.NewTicker(kickEvery)
	defer tick.Stop()
	for {
		changed := s.generator.Changed()
		if s.generator.State() == prng.Seeded {
			return
		}
		select {
		case <-tick.C:
			s.Kick()
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
