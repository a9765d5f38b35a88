package prng

import "fmt"

// State says whether the generator may answer.
type State uint8

// The gate is a one-way latch, Shut to Open, but for a lost state or a clone:
// then it is Held until a reseed.
const (
	Shut State = iota // never seeded
	Held              // was open, waits for a reseed
	Open
)

// String returns the state as status shows it: shut, held or open.
func (s State) String() string {
	switch s {
	case Shut:
		return "shut"
	case Held:
		return "held"
	case Open:
		return "open"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// State returns the present state. It takes no lock.
func (p *Pool) State() State { return State(p.state.Load()) }

// Changed returns a channel that is closed at the next change of State. Take
// it first and look at State afterwards: no change is missed in between.
func (p *Pool) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// setState is called with mu held.
func (p *Pool) setState(s State) {
	if p.State() == s {
		return
	}
	p.state.Store(uint32(s))
	close(p.changed)
	p.changed = make(chan struct{})
}

// Hold stops output after a clone or a lost state: Open becomes Held, and what
// the reserve counted is forgotten, because a twin may hold the same. The next
// 256 credited bits reseed and open. It does nothing while Shut.
func (p *Pool) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.State() == Shut {
		return
	}
	p.sec.acc.forget(reserve)
	p.setState(Held)
}

// Release ends a Hold without a reseed, for those who cannot wait longer. What
// was demanded by the Hold stays demanded.
func (p *Pool) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.State() == Held {
		p.demandReseed()
		p.setState(Open)
	}
}

// Demand makes the next 256 credited bits reseed at once; bits credited before
// the call do not count towards them. The channel is closed when that is done
// and the new state in use. While Shut it does nothing and returns nil.
func (p *Pool) Demand() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.State() == Shut {
		return nil
	}
	p.sec.acc.forget(reserve)
	return p.demandReseed()
}

func (p *Pool) demandReseed() <-chan struct{} {
	if p.demand == nil {
		p.demand = make(chan struct{})
	}
	return p.demand
}
