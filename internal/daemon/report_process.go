package daemon

import (
	"runtime"
	"runtime/metrics"

	"prngd/internal/control"
)

// reportProcess is what holds this program in bounds, and what it takes of the
// system, beside what the system itself can tell.
func (d *daemon) reportProcess() control.Process {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	p := d.protection.Process
	p.Goroutines, p.Heap = runtime.NumGoroutine(), heap[0].Value.Uint64()
	return p
}
