package prng

import "fmt"

// State says whether the generator may answer.
type State uint8

// The states. A seeded generator never becomes unseeded, but after an event it
// requires a reseed.
const (
	Unseeded       State = iota // never seeded
	ReseedRequired              // was seeded, waits for a reseed: see Hold
	Seeded
)

// String returns the state as status shows it.
func (s State) String() string {
	switch s {
	case Unseeded:
		return "unseeded"
	case ReseedRequired:
		return "reseed required"
	case Seeded:
		return "seeded"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// State returns the present state. It takes no lock.
func (g *Generator) State() State { return State(g.state.Load()) }

// Changed returns a channel that is closed at the next change of State, and when
// independent noise settles an event. Take it first and look at State or Stats
// afterwards: no change is missed in between.
func (g *Generator) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

// setState is called with mu held.
func (g *Generator) setState(s State) {
	if g.State() == s {
		return
	}
	g.state.Store(uint32(s))
	g.tell()
}

// tell wakes all that wait for Changed. mu is held.
func (g *Generator) tell() {
	close(g.changed)
	g.changed = make(chan struct{})
}
