package gatherers

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// parting is how long Run waits, once its context has ended, for gatherers
// that are about to return. Gatherers that are not back by then are abandoned.
const parting = 100 * time.Millisecond

// A Runner samples gatherers for ever, each on a goroutine of its own, so that
// one that hangs delays nobody.
type Runner struct {
	add Sink
	log *logrus.Logger

	mu      sync.Mutex
	sources []*source          // of the Run under way, in its order
	known   map[string]*source // of every Run so far: a reload forgets nothing
	before  map[string]Status  // counters of the program that this one follows
}

// NewRunner returns a Runner that gives its samples to add.
func NewRunner(add Sink, log *logrus.Logger) *Runner {
	return &Runner{add: add, log: log, known: make(map[string]*source)}
}

// Run samples every gatherer of the list at once and in parallel, then each at
// its period, until ctx ends. It returns within about 100 ms of that, whatever
// its gatherers do, and adds nothing afterwards.
//
// Run may be called again, with another list, when it has returned: sources of
// the same name keep their counts and their memory of what they once gave.
func (r *Runner) Run(ctx context.Context, list []Gatherer) {
	start := time.Now()
	var loops sync.WaitGroup
	for _, s := range r.adopt(list) {
		if s.status.State == Exhausted {
			s.close() // what it has opened is never read
			continue
		}
		loops.Go(func() { r.keep(ctx, s, start) })
	}
	done := make(chan struct{})
	context.AfterFunc(ctx, func() { loops.Wait(); close(done) })
	<-ctx.Done()
	select {
	case <-done:
	case <-time.After(parting):
	}
}

// Kick samples every credited gatherer now, also one that is backing off. It
// does not wait for them.
func (r *Runner) Kick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sources {
		if s.Credit > 0 {
			select {
			case s.kick <- struct{}{}:
			default: // one is pending already
			}
		}
	}
}

// Stats returns the status of every source of the last Run, in its order.
func (r *Runner) Stats() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Status, 0, len(r.sources))
	for _, s := range r.sources {
		st := s.status
		st.Every = r.period(s)
		st.Needed = st.State == Retired && !r.otherHealthy(s)
		if s.Detail != nil && st.Detail == "" {
			st.Detail = s.Detail()
		}
		list = append(list, r.continued(st))
	}
	return list
}

// adopt makes sources of a list and lets them inherit from their namesakes.
func (r *Runner) adopt(list []Gatherer) []*source {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sources = make([]*source, 0, len(list))
	for _, g := range list {
		s := newSource(g, r.known[g.Name])
		r.known[g.Name] = s
		r.sources = append(r.sources, s)
	}
	return r.sources
}

// keep samples one source until ctx ends or there is nothing more to come.
func (r *Runner) keep(ctx context.Context, s *source, start time.Time) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		r.take(ctx, s)
		wait, ok := r.next(s, time.Since(start))
		if !ok {
			return
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.kick:
		}
	}
}

// take takes one sample and passes it on.
func (r *Runner) take(ctx context.Context, s *source) {
	if s.Lane != nil {
		select {
		case s.Lane <- struct{}{}:
			defer func() { <-s.Lane }()
		case <-ctx.Done():
			return
		}
	}
	limited, cancel := context.WithTimeout(ctx, s.limit())
	defer cancel()
	began := r.begin(s)
	// Fires only when the limit passes, and so costs a goroutine only then.
	inTime := context.AfterFunc(limited, func() { r.overdue(ctx, s, began) })
	data, err := s.sample(limited)
	inTime()
	defer func() { clear(data) }() // also of a sample that comes too late
	if ctx.Err() != nil {
		return
	}
	counts, err := s.judge(data, err)
	bits, mixed := r.finish(s, began, data, counts, err)
	if mixed && len(data) > 0 {
		r.add(&s.Gatherer, data, bits)
	}
}
