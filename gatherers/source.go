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
	monitor  *monitor  // of its health; nil: it has no credit
	began    time.Time // of the sample under way; zero: none
	failures int       // in a row
	reported bool      // the log knows that it fails
}

// newSource returns a source for g that inherits from its namesake, if any. A
// source that was retired, or whose credit has changed, is tested again.
func newSource(g Gatherer, old *source) *source {
	s := &source{Gatherer: g, kick: make(chan struct{}, 1)}
	if g.Credit > 0 {
		s.monitor = newMonitor(&g)
	}
	if old != nil {
		s.status, s.recent = old.status, old.recent
		if old.monitor != nil && old.Credit == g.Credit && old.status.State != Retired {
			s.monitor = old.monitor
		}
	}
	s.status.Name, s.status.Credit, s.status.Detail = g.Name, g.Credit, ""
	if !g.Once || s.status.State != Exhausted {
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

func (s *source) close() {
	if s.Close != nil {
		s.Close()
	}
}

// judge runs the health tests of a credited source over a sample, without the
// Runner's lock: they take longer than a status may wait. It returns whether
// the sample may count.
func (s *source) judge(data []byte, err error) (counts bool, _ error) {
	switch m := s.monitor; {
	case err != nil || m == nil:
		return false, err
	case s.Once:
		return true, m.examineOnce(data)
	case s.Tested:
		m.look(data)
		return true, nil
	default:
		counts, err = m.examine(data)
		if counts {
			m.look(data)
		}
		return counts, err
	}
}

// worth returns the bits of a good sample.
func (s *source) worth(data []byte, counts bool) int {
	switch {
	case s.recent.has(data):
		s.status.Repeats++
		return 0
	case !counts:
		return 0
	}
	return s.monitor.used().Bits(len(data))
}
