//go:build linux

package soak

import (
	"fmt"
	"math"
	"slices"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

// gauges are figures of the daemon, and how much each may grow in the steady part: from the median of that part's
// second quarter to that of its last, or from what less of the samples are below, where bursts come. Bounds are several times what a daemon without a leak was seen to waver.
var gauges = []struct {
	name, unit string
	bound      float64 // 0: none
	share      float64 // of the samples that are below
}{
	{"anonymous memory", "MiB", 4, 0.25}, // jitter takes 32 MiB for a moment, of which a busy machine makes more
	{"heap", "MiB", 3, 0.5},
	{"goroutines", "", 10, 0.5},
	{"threads", "", 4, 0.5},
	{"descriptors beside clients", "", 8, 0.5},
	{"clients", "", 0, 0.5},
}

// sample is the daemon at one moment.
type sample struct {
	at       time.Duration
	is       []float64 // of each gauge
	upgrades uint64
}

// watcher takes samples of the daemon.
type watcher struct {
	*run
	length  time.Duration
	began   time.Time
	samples []sample
	report  *control.Report
}

// sample asks the daemon itself, and the system, at nearly the same moment.
func (w *watcher) sample(int) (err error) {
	if w.report, err = w.Ask(control.Status); err != nil {
		return err
	}
	now := float64(w.report.Clients.Now)
	beside := float64(len(w.held())) - now // counted at nearly the same moment
	p := w.report.Process
	w.samples = append(w.samples, sample{time.Since(w.began), []float64{
		float64(harness.Number(w.PID, "RssAnon")) / (1 << 10), float64(p.Heap) / (1 << 20),
		float64(p.Goroutines), float64(harness.Number(w.PID, "Threads")), beside, now,
	}, p.Upgrades})
	return nil
}

// steadyPart is when the daemon has to be steady.
func (w *watcher) steadyPart() (begin, end time.Duration) {
	return time.Duration(settling * float64(w.length)), w.length - lastUpgrade
}

// steady returns one gauge's figures of that part.
func (w *watcher) steady(gauge int) (figures []float64) {
	begin, end := w.steadyPart()
	for _, s := range w.samples {
		if s.at >= begin && s.at < end {
			figures = append(figures, s.is[gauge])
		}
	}
	return figures
}

// growth returns what this share of the second and of the last quarter is below. A burst now and then moves them by
// nothing.
func growth(ys []float64, share float64) (second, last float64) {
	at := func(xs []float64) float64 {
		if len(xs) == 0 {
			return math.NaN()
		}
		return slices.Sorted(slices.Values(xs))[int(share*float64(len(xs)))]
	}
	q := len(ys) / 4
	return at(ys[q : 2*q]), at(ys[3*q:])
}

// grown logs what became of the daemon in the steady part, and returns what grew.
func (w *watcher) grown(logf func(string, ...any)) (problems []string) {
	for i, g := range gauges {
		figures := w.steady(i)
		if len(figures) < 8 {
			return append(problems, fmt.Sprintf("only %d samples of the steady part: too short a run", len(figures)))
		}
		second, last := growth(figures, g.share)
		logf("%-27s %8.2f -> %8.2f %s", g.name, second, last, g.unit)
		if g.bound > 0 && !(last-second <= g.bound) {
			problems = append(problems, fmt.Sprintf("%s grew from %.2f to %.2f %s, over %g", g.name, second, last, g.unit, g.bound))
		}
	}
	return problems
}

// settled returns what the daemon's descriptors are before the load, when the first round of its commands is over: the
// fewest there are in two seconds.
func (d *run) settled() (least []string) {
	for begin := time.Now(); time.Since(begin) < 6*time.Second; time.Sleep(100 * time.Millisecond) {
		held := d.held()
		if since := time.Since(begin); since > 4*time.Second && (least == nil || len(held) < len(least)) {
			least = held
		}
	}
	return least
}

// returned waits until there are no more than before again, and returns what there is then, or in the end.
func (d *run) returned(before int) (held []string) {
	harness.Await(func() bool { held = d.held(); return len(held) <= before })
	return held
}

func (d *run) held() []string {
	list, err := harness.Descriptors(d.PID)
	harness.Must(d.t, err)
	return list
}

// left is what there is after the load that was not there before, if that is more.
func left(before, after []string) []string {
	if len(after) <= len(before) {
		return nil
	}
	after = slices.Clone(after)
	for _, h := range before {
		if i := slices.Index(after, h); i >= 0 {
			after = slices.Delete(after, i, i+1)
		}
	}
	return after
}
