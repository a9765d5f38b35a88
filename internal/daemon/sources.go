package daemon

import (
	"context"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/prng"
	"prngd/internal/sources"
)

// sourcesPart makes a part of what the generator is fed from.
type sourcesPart struct {
	runner           *commandRunner
	options          sources.Options
	*sources.Sources // nil before adopt
}

// newSources returns sources without a gatherer.
func newSources(o sources.Options, runner *commandRunner, owner int) *sourcesPart {
	if owner == 0 {
		o.Run = runner.run
	}
	return &sourcesPart{runner: runner, options: o}
}

// adopt takes over devices and counters. It comes before prepare, in a start with
// nothing to take over.
func (p *sourcesPart) adopt(s *state) error {
	if s != nil {
		p.options.Before = new(sources.State)
	}
	_, err := s.get("sources", p.options.Before)
	if s != nil && s.preflight {
		p.options.Before.Devices, p.options.Before.Messages, p.options.Before.Generation = nil, 0, 0
	}
	if p.options.Run != nil && p.runner.runner == nil {
		p.options.NoCommands = errNoRunner
	}
	p.Sources = sources.New(p.options)
	return err
}

func (p *sourcesPart) prepare(_ context.Context, next *config.Settings, how manner) (change.Change, error) {
	return p.Prepare(sourceSettings(next))
}

// sourceSettings is what s says of sources.
func sourceSettings(s *config.Settings) sources.Settings {
	return sources.Settings{
		Gatherers: s.Gatherers, Sources: s.Sources, Commands: s.Commands,
		CommandTimeout: s.CommandTimeout, CreditCommands: s.CreditCommands,
	}
}

// event is asked by the generator, which is made before there are sources.
func (p *sourcesPart) event(real, mono int64) prng.Event {
	if p.Sources == nil {
		return prng.NoEvent
	}
	return p.Event(real, mono)
}

func (p *sourcesPart) report(r *control.Report) { p.Report(r) }

func (p *sourcesPart) handOver(s *state) error {
	handed := p.HandOver()
	return s.put("sources", handed, handed.Descriptors()...)
}

func (p *sourcesPart) close() {}
