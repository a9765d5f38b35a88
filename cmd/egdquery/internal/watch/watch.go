// Package watch looks at a daemon once a second, for those who show how it goes.
package watch

import (
	"context"
	"time"

	"prngd/internal/control"
)

// Sample is one look.
type Sample struct {
	Time    time.Time
	Report  *control.Report // nil after Err
	Err     error           // of the control socket
	Latency time.Duration   // of a read by a client; valid without LatencyErr
	// LatencyErr says why no client could read; the daemon may be well all the same.
	LatencyErr error
}

// Health judges a sample: no report is unknown.
func (s *Sample) Health() (control.Health, []string) {
	if s.Report == nil {
		return control.Unknown, []string{s.Err.Error()}
	}
	return s.Report.Health()
}

// Watcher asks in two ways, as an admin and as a client.
type Watcher struct {
	Ask   func() (*control.Report, error)
	Probe func(*control.Report) (time.Duration, error) // gets the last report, nil if there is none
	Every time.Duration
}

// Look takes one sample. Neither way waits for the other's time-out.
func (w *Watcher) Look(last *control.Report) Sample {
	s := Sample{Time: time.Now()}
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		s.Latency, s.LatencyErr = w.Probe(last)
	}()
	s.Report, s.Err = w.Ask()
	<-probed
	return s
}

// Run gives a sample to take at once and then every period, until ctx ends.
func (w *Watcher) Run(ctx context.Context, take func(Sample)) {
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	var last *control.Report
	for {
		s := w.Look(last)
		if s.Report != nil {
			last = s.Report
		}
		take(s)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
