// Package watch looks at a daemon once a second, for top and the dashboard.
package watch

import (
	"context"
	"strings"
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
	Probes     uint64 // reads that this Watcher has made so far, and that the report counts as well
}

// Health judges a sample: no report is unknown.
func (s *Sample) Health() (control.Health, []string) {
	if s.Report == nil {
		return control.Unknown, []string{strings.Join(strings.Fields(s.Err.Error()), " ")}
	}
	return s.Report.Health()
}

// Clients is the number of connections without the probe's own.
func (s *Sample) Clients() int64 {
	switch {
	case s.Report == nil:
		return 0
	case s.LatencyErr == nil:
		return max(0, s.Report.Clients.Now-1)
	}
	return s.Report.Clients.Now
}

// Watcher asks in two ways, as an admin and as a client.
type Watcher struct {
	Ask   func() (*control.Report, error)
	Probe func(*control.Report) (time.Duration, error) // gets the last report, nil if there is none
	Every time.Duration

	probes uint64
}

// ProbeBytes is what one probe reads.
const ProbeBytes = 16

// Look takes one sample: first the probe, so that the report counts it.
func (w *Watcher) Look(last *control.Report) Sample {
	s := Sample{Time: time.Now()}
	s.Latency, s.LatencyErr = w.Probe(last)
	if s.LatencyErr == nil {
		w.probes++
	}
	s.Probes = w.probes
	s.Report, s.Err = w.Ask()
	return s
}

// Run gives a sample to take at once and then every period, until ctx ends: none
// comes after that, also if the next is due already.
func (w *Watcher) Run(ctx context.Context, take func(Sample)) {
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	var last *control.Report
	for ctx.Err() == nil {
		s := w.Look(last)
		if s.Report != nil {
			last = s.Report
		}
		take(s)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
