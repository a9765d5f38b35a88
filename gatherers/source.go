package gatherers

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxLimit bounds the time of a sample whose gatherer names no limit.
const maxLimit = time.Minute

// maxBackOff bounds the time between two attempts at a failing source, unless
// its period is longer anyway.
const maxBackOff = time.Hour

// A source is a gatherer and what became of it. Its Runner's lock guards it.
type source struct {
	Gatherer
	kick     chan struct{}
	status   Status
	recent   recent
	began    time.Time // of the sample under way; zero: none
	failures int       // in a row
	reported bool      // the log knows that it fails
}

// newSource returns a source for g that inherits from its namesake, if any.
func newSource(g Gatherer, old *source) *source {
	s := &source{Gatherer: g, kick: make(chan struct{}, 1)}
	if old != nil {
		s.status, s.recent = old.status, old.recent
	}
	s.status.Name, s.status.Credit, s.status.Detail = g.Name, g.Credit, ""
	if !g.Once || s.status.State != Spent {
		s.status.State = Waiting
	}
	return s
}

// every returns the period; a zero or tiny one would be a polling loop.
func (s *source) every() time.Duration { return max(s.Every, time.Second) }

// limit returns the time one sample may take.
func (s *source) limit() time.Duration {
	if s.Limit > 0 {
		return s.Limit
	}
	return min(s.every(), maxLimit)
}

// sample takes one sample that is not empty and not late.
func (s *source) sample(ctx context.Context) ([]byte, error) {
	data, err := s.Take(ctx)
	switch {
	case err != nil:
		return data, err
	case ctx.Err() != nil:
		return data, s.late()
	case len(data) == 0:
		return nil, errors.New("empty sample")
	}
	return data, nil
}

// late is the error of a sample that came after its time, or not at all.
func (s *source) late() error { return fmt.Errorf("no sample within %v", s.limit()) }

// worth returns the bits of a good sample.
func (s *source) worth(data []byte) int {
	switch {
	case s.Credit <= 0:
		return 0
	case s.recent.has(data):
		s.status.Repeats++
		return 0
	case s.unproven():
		return 0
	}
	return s.Credit.Bits(len(data))
}

// unproven tells whether a source is credited but has shown one sample at
// most: it may be stuck.
func (s *source) unproven() bool {
	return s.Credit > 0 && !s.Tested && !s.Once && s.recent.n <= 1
}
