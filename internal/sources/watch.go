package sources

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

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
	Device() *os.File
}

// askEvery spares the systems where the generation costs a system call.
const askEvery = int64(time.Second)

func newCloneWatch(before *State) *cloneWatch {
	w := &cloneWatch{noticed: make(chan struct{}, 1), messages: openMessages(before)}
	if g, err := openGeneration(before); err == nil { // an error is the usual case
		w.generation = g
		w.note()
	}
	if before != nil {
		w.clones.Store(before.Clones)
		w.jumps.Store(before.ClockJumps)
	}
	if before != nil && before.Mono > 0 { // a jump since then is one for the first look
		w.clock.Look(before.Real, before.Mono)
	}
	return w
}

// openGeneration adopts the device that was handed over, or opens it.
func openGeneration(before *State) (*gatherers.Generation, error) {
	if before != nil && before.Generation > 0 {
		unix.CloseOnExec(before.Generation)
		return gatherers.AdoptGeneration(os.NewFile(uintptr(before.Generation), "VM generation"), before.LastID)
	}
	return gatherers.OpenGeneration()
}

// handOver describes clocks, generation and the kernel's log for the program that
// follows. What happens until its exec is for the last look of this one's generator.
func (w *cloneWatch) handOver(s *State) {
	s.Real, s.Mono = gatherers.Clocks()()
	s.Clones, s.ClockJumps = w.clones.Load(), w.jumps.Load()
	if f := w.messages.file; f != nil {
		if fd, err := descriptor(f); err == nil {
			s.Messages = fd
		}
	}
	if w.generation == nil || w.generation.Device() == nil {
		return
	}
	if fd, err := descriptor(w.generation.Device()); err == nil {
		s.Generation, s.LastID = fd, *w.id.Load()
	}
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
