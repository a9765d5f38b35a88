// Package sources holds what the generator is fed from: the gatherers that the
// settings name, the devices they keep open, and the watch for clones.
//
// Life: [New], [Sources.Prepare] and its Commit, [Sources.Attach], [Sources.Run]
// until its context ends. Prepare and Run may come again: after a reload, and
// after an upgrade that was refused.
package sources

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/prng"
)

// Settings is what the configuration says of sources.
type Settings struct {
	Gatherers      []config.GathererLine
	Sources        []config.Source
	Commands       []config.Command
	CommandTimeout time.Duration
	CreditCommands bool
}

// Options is what a daemon's sources are made with, once.
type Options struct {
	Log *logrus.Logger
	// Run runs a command and returns its output. nil: commands are children of
	// this process.
	Run func(ctx context.Context, path string, argv []string, timeout time.Duration) ([]byte, error)
	// NoCommands says why Run can run none; once there are sources, a change that
	// names commands is refused with it.
	NoCommands error
	// ReseedKernel gives output to the kernel's generator and has it reseed, after
	// a hold that independent noise has ended.
	ReseedKernel func(b []byte) error
	// Before is what the program before this one in the same process handed over.
	Before *State
}

// Sources owns all gatherers of a daemon. All methods may be called from any
// goroutine.
type Sources struct {
	options   Options
	devices   *devices
	clones    *cloneWatch
	runner    *gatherers.Runner
	generator *prng.Generator // nil before Attach
	tickets   sync.Map        // by gatherer: the generator's ticket when its last sample began

	mu      sync.Mutex
	list    []gatherers.Gatherer
	started bool               // list has been committed once
	restart context.CancelFunc // makes the runner take up list; nil: it does not run
}

// New returns sources without a gatherer: the first [Sources.Prepare] makes them.
// Devices of Options.Before are theirs from now on.
func New(o Options) *Sources {
	s := &Sources{options: o, devices: newDevices(o.Before), clones: newCloneWatch(o.Before)}
	s.runner = gatherers.NewRunner(s.add, o.Log)
	if o.Before != nil {
		s.runner.Continue(o.Before.Gathered)
	}
	return s
}

// Prepare makes the gatherers that next names and opens their devices, nothing
// of which is used before Commit. The error names the line.
//
// At the start of the daemon a device that cannot be opened is looked for again
// with every sample. Later it refuses the change, if the present list does not
// name it, with an error that [change.IsLater] reports.
func (s *Sources) Prepare(next Settings) (change.Change, error) {
	stage := s.devices.stage()
	list, err := s.gatherers(next, stage)
	if err == nil && s.running() {
		err = s.refuse(next, stage)
	}
	if err != nil {
		stage.rollback()
		return nil, err
	}
	return &prepared{s, list, stage}, nil
}

func (s *Sources) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// prepared is a list of gatherers that is not sampled yet.
type prepared struct {
	of    *Sources
	list  []gatherers.Gatherer
	stage *stage
}

// Commit has the runner sample the new list from now on, and closes the devices
// that it does not name.
func (p *prepared) Commit() error {
	p.stage.commit()
	s := p.of
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list, s.started = p.list, true
	if s.restart != nil {
		s.restart()
	}
	return nil
}

// Rollback closes the devices that Prepare has opened.
func (p *prepared) Rollback() { p.stage.rollback() }

// List returns the gatherers that are sampled, in the order of the settings.
func (s *Sources) List() []gatherers.Gatherer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// Attach makes g the generator that is fed. It is called once, before Run and
// SampleKernel.
func (s *Sources) Attach(g *prng.Generator) { s.generator = g }

// Run samples all gatherers, asks the credited ones again until the generator is
// seeded, and watches for clones, until ctx ends.
func (s *Sources) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	for _, task := range []func(context.Context){s.feed, s.kickUntilSeeded, s.watchClones, s.listen} {
		tasks.Go(func() { task(ctx) })
	}
	tasks.Wait()
}

// listen waits for what the kernel says of clones.
func (s *Sources) listen(ctx context.Context) {
	go s.clones.messages.watch(ctx, s.cloned)
	err := gatherers.WatchGeneration(ctx, s.cloned)
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		s.options.Log.WithError(err).Warn("clones of this machine will not be noticed by the kernel's event")
	}
}

// Kick samples every credited source now. It does not wait for them.
func (s *Sources) Kick() { s.runner.Kick() }
