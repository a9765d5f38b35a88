package daemon

import (
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"prngd/internal/control"
)

// report is everything that an admin may ask for. It never waits: what was read
// back stands in the verifier.
func (d *daemon) report() control.Report {
	s := d.settings.Load()
	r := control.Report{
		Version: control.Version, Program: "prngd " + d.origin.Program,
		PID: os.Getpid(), UID: os.Getuid(),
		Started: d.origin.Started.UTC(), Now: time.Now().UTC(),
		Process: control.Process{Upgrades: d.origin.Upgrades, Goroutines: runtime.NumGoroutine(), Heap: heapBytes()},
		Config: control.Config{
			Path: s.Path, Commands: len(s.Commands), Undef: s.Undef, Rejected: s.Rejected, Pending: d.pending(s),
		},
		Change: d.changes.refused(),
	}
	for _, p := range d.parts {
		p.report(&r)
	}
	d.verifier.report(&r)
	return r
}

// heapBytes is what the objects of the program take, some of them dead.
func heapBytes() uint64 {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	return heap[0].Value.Uint64()
}

// when is t for a report, by the clock as it goes now: nil if it has not come
// yet. So an age is right also when the clock was set meanwhile.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	now := time.Now()
	t = now.Add(-now.Sub(t)).UTC() // Sub uses the monotonic clock where t has it
	return &t
}
