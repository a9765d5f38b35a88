//go:build linux

package soak

import (
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"prngd/internal/control"
)

// gauge is one figure of the daemon, and how much it may grow in the steady part:
// from the median of that part's second quarter to that of its last. Bounds are
// several times what a daemon without a leak was seen to waver.
type gauge struct {
	name, unit string
	bound      float64 // 0: none
}

// The gauges, in the order of a sample's figures.
const (
	memory = iota
	heap
	goroutines
	threads
	descriptors
	clients
	processor
	gaugeCount
)

var gauges = [gaugeCount]gauge{
	{"memory", "MiB", 4},
	{"heap", "MiB", 3},
	{"goroutines", "", 10},
	{"threads", "", 4},
	{"descriptors beside clients", "", 8},
	{"clients", "", 0},
	{"processor", "%", 0},
}

// sample is the daemon at one moment.
type sample struct {
	at       time.Duration
	is       [gaugeCount]float64
	used     float64 // seconds of processor time in its life
	upgrades uint64
}

// watcher takes samples of the daemon.
type watcher struct {
	*run
	every   time.Duration
	process *process.Process
	began   time.Time
	samples []sample
	report  *control.Report
}

func newWatcher(d *run) *watcher {
	every := min(max(d.length/1200, 500*time.Millisecond), 5*time.Second)
	return &watcher{run: d, every: every}
}

// begin is the zero of time.
func (w *watcher) begin() {
	w.process = &process.Process{Pid: int32(w.PID)}
	w.began = time.Now()
}

// sample takes one.
func (w *watcher) sample() error {
	s, err := w.look()
	if err != nil {
		return err
	}
	if n := len(w.samples); n > 0 {
		last := w.samples[n-1]
		s.is[processor] = 100 * (s.used - last.used) / (s.at - last.at).Seconds()
	}
	w.samples = append(w.samples, s)
	return nil
}

// look asks the system, and the daemon itself, at nearly the same moment.
func (w *watcher) look() (s sample, err error) {
	r, err := w.Ask(control.Status)
	if err != nil {
		return s, err
	}
	w.report = r
	held, err := w.process.NumFDs()
	if err != nil {
		return s, fmt.Errorf("counting descriptors: %w", err)
	}
	info, err := w.process.MemoryInfo()
	if err != nil {
		return s, fmt.Errorf("reading memory: %w", err)
	}
	n, err := w.process.NumThreads()
	if err != nil {
		return s, fmt.Errorf("counting threads: %w", err)
	}
	used, err := w.process.Times()
	if err != nil {
		return s, fmt.Errorf("reading processor time: %w", err)
	}
	s = sample{at: time.Since(w.began), used: used.User + used.System, upgrades: r.Process.Upgrades}
	s.is = [gaugeCount]float64{
		memory: float64(info.RSS) / (1 << 20), heap: float64(r.Process.Heap) / (1 << 20),
		goroutines: float64(r.Process.Goroutines), threads: float64(n),
		descriptors: float64(held) - float64(r.Clients.Now), clients: float64(r.Clients.Now),
	}
	return s, nil
}

// series returns one gauge's figures, and when they were taken in minutes, while
// the daemon had to be steady.
func (w *watcher) series(gauge int) (minutes, figures []float64) {
	begin, end := time.Duration(settling*float64(w.length)), w.length-lastUpgrade
	for _, s := range w.samples {
		if s.at >= begin && s.at < end {
			minutes, figures = append(minutes, s.at.Minutes()), append(figures, s.is[gauge])
		}
	}
	return minutes, figures
}
