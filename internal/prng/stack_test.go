package prng

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"unsafe"
)

// G4: the collector does not move the stack while secrets are on it, for all that
// it halves it as soon as they are gone.
func TestStackStaysInPlace(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, keep := range map[string]func(func()){"cleanly": cleanly, "Cleanly": Cleanly} {
		var running sync.WaitGroup
		running.Go(func() { // a small stack, which grows for this
			for range 3 {
				keep(func() {
					before := here()
					runtime.GC()
					runtime.GC()
					if after := here(); after != before {
						t.Errorf("%s: the stack was at %#x, and is at %#x", name, before, after)
					}
				})
				runtime.GC() // smaller, from now on
				runtime.GC()
			}
		})
		running.Wait()
	}
}

// here returns the address of the caller's frame, which nobody keeps up to date.
//
//go:noinline
func here() uintptr {
	var x byte
	return uintptr(unsafe.Pointer(&x))
}
