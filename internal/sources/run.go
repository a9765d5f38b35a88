package sources

import (
	"context"
	"errors"
	"sync"

	"prngd/gatherers"
	"prngd/internal/ticker"
)

// New returns sources without a gatherer: the first [Sources.Prepare] makes them.
// Devices of Options.Before are theirs from now on.
func New(o Options) *Sources {
	if o.Ticker == nil {
		o.Ticker = ticker.RunRuntime
	}
	s := &Sources{options: o, devices: newDevices(o.Before), clones: newCloneWatch(o.Before),
		fresh: freshReseeds{turn: make(chan struct{}, 1)}}
	s.runner = gatherers.NewRunner(s.add, o.Log)
	if o.Before != nil {
		s.runner.Continue(o.Before.Gathered)
	}
	return s
}

// Run samples all gatherers, asks the credited ones again until the generator is
// seeded, and watches for clones, until ctx ends.
func (s *Sources) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	for _, task := range []func(context.Context){s.feed, s.kickUntilSeeded, s.watchClones, s.watchClocks, s.listen} {
		tasks.Go(func() { task(ctx) })
	}
	tasks.Wait()
}

// listen waits for what the kernel says of clones.
func (s *Sources) listen(ctx context.Context) {
	go func() {
		if err := s.clones.messages.watch(ctx, s.cloned); err != nil {
			s.options.Log.WithError(err).Warn("clones of this machine will not be noticed by the kernel's log")
		}
	}()
	err := gatherers.WatchGeneration(ctx, s.cloned)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		s.options.Log.WithError(err).Warn("clones of this machine will not be noticed by the kernel's event")
	}
}
