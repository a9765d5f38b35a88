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
