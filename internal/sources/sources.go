// Package sources holds what the generator is fed from: the gatherers that the
// settings name, the devices they keep open, and the watch for clones.
//
// Life: [New], [Sources.Prepare] and its Commit, [Sources.Attach], [Sources.Run]
// until its context ends. Prepare and Run may come again: after a reload, and
// after an upgrade that was refused.
package sources

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
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
	// Run runs a command, or a program for its first so many raw bytes, and returns
	// its output. nil: they are children of this process.
	Run func(ctx context.Context, path string, argv []string, timeout time.Duration, raw int) ([]byte, error)
	// NoCommands says why Run can run none; once there are sources, a change that
	// names commands or programs is refused with it.
	NoCommands error
	// ReseedKernel gives output to the kernel's generator and has it reseed, after
	// a hold that independent noise has ended.
	ReseedKernel func(b []byte) error
	// Ticker is [ticker.Run] in a daemon. nil: [ticker.RunRuntime].
	Ticker func(ctx context.Context, every time.Duration, f func())
	// Before is what the program before this one in the same process handed over.
	Before *State
}

// Sources owns all gatherers of a daemon. All methods may be called from any
// goroutine.
type Sources struct {
	options   Options
	devices   *devices
	clones    *cloneWatch
	fresh     freshReseeds
	runner    *gatherers.Runner
	generator *prng.Generator // nil before Attach
	tickets   sync.Map        // by gatherer: the generator's ticket when its last sample began

	mu      sync.Mutex
	list    []gatherers.Gatherer
	started bool               // list has been committed once
	restart context.CancelFunc // makes the runner take up list; nil: it does not run
}

// List returns the gatherers that are sampled, in the order of the settings.
func (s *Sources) List() []gatherers.Gatherer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// Attach makes g the generator that is fed. It is called once, before Run and
// SampleKernel.
func (s *Sources) Attach(g *prng.Generator) { s.generator = g }

// Kick samples every credited source now. It does not wait for them.
func (s *Sources) Kick() { s.runner.Kick() }
