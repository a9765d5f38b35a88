package sources

import (
	"runtime"
	"sync/atomic"
	"time"

	"prngd/gatherers"
	"prngd/internal/prng"
)

// cloneWatch notices events after which a twin may have the generator's state.
type cloneWatch struct {
	clock      gatherers.ClockWatch
	generation generation // nil where this machine has none
	asked      int64      // mono: when the generation was last read
	messages   *messages  // of the kernel

	noticed       chan struct{}            // holds one: an event was noticed
	id            atomic.Pointer[[16]byte] // the generation as last read
	jumps, clones atomic.Uint64
}

// generation is a [gatherers.Generation].
type generation interface {
	Changed() bool
	Value() [16]byte
}

// askEvery spares the systems where the generation costs a system call.
const askEvery = int64(time.Second)

func newCloneWatch(before *State) *cloneWatch {
	w := &cloneWatch{noticed: make(chan struct{}, 1), messages: openMessages(before)}
	if g, err := gatherers.OpenGeneration(); err == nil { // an error is the usual case
		w.generation = g
		w.note()
	}
	if before != nil {
		w.clones.Store(before.Clones)
		w.jumps.Store(before.ClockJumps)
	}
	return w
}

func (w *cloneWatch) look(real, mono int64) prng.Event {
	event := prng.NoEvent
	if _, jumped := w.clock.Look(real, mono); jumped {
		event = prng.Jumped
		w.jumps.Add(1)
	}
	if w.generation != nil && (runtime.GOOS == "linux" || mono-w.asked >= askEvery) {
		w.asked = mono
		if w.generation.Changed() {
			event = prng.Cloned
			w.clones.Add(1)
			w.note()
		}
	}
	if event != prng.NoEvent {
		w.wake()
	}
	return event
}

// note keeps the generation for mixGeneration, which must not run under the
// generator's lock.
func (w *cloneWatch) note() {
	id := w.generation.Value()
	w.id.Store(&id)
}

// wake has watchClones look at what holds the generator.
func (w *cloneWatch) wake() {
	select {
	case w.noticed <- struct{}{}:
	default:
	}
}
