package prng

import "fmt"

// State says whether the generator may answer.
type State uint8

// The gate is a one-way latch, Unseeded to Seeded, but for a lost state or a clone:
// then it is ReseedRequired until a reseed.
const (
	Unseeded       State = iota // never seeded
	ReseedRequired              // was open, waits for a reseed
	Seeded
)

// String returns the state as status shows it: shut, held or open.
func (s State) String() string {
	switch s {
	case Unseeded:
		return "shut"
	case ReseedRequired:
		return "held"
	case Seeded:
		return "open"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// State returns the present state. It takes no lock.
func (p *Generator) State() State { return State(p.state.Load()) }

// Changed returns a channel that is closed at the next change of State. Take
// it first and look at State afterwards: no change is missed in between.
func (p *Generator) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// setState is called with mu held.
func (p *Generator) setState(s State) {
	if p.State() == s {
		return
	}
	p.state.Store(uint32(s))
	close(p.changed)
	p.changed = make(chan struct{})
}

// Hold stops output after a clone or a lost state: Seeded becomes ReseedRequired, and what
// the reserve counted is forgotten, because a twin may hold the same. The next
// 256 credited bits reseed and open. It does nothing while Unseeded.
func (p *Generator) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.State() == Unseeded {
		return
	}
	p.sec.acc.forget(entropyInput)
	p.setState(ReseedRequired)
}

// Release ends a Hold without a reseed, for those who cannot wait longer. What
// was demanded by the Hold stays demanded.
func (p *Generator) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.State() == ReseedRequired {
		p.requestReseed()
		p.setState(Seeded)
	}
}

// RequestReseed makes the next 256 credited bits reseed at once; bits credited before
// the call do not count towards them. The channel is closed when that is done
// and the new state in use. While Unseeded it does nothing and returns nil.
func (p *Generator) RequestReseed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.State() == Unseeded {
		return nil
	}
	p.sec.acc.forget(entropyInput)
	return p.requestReseed()
}

func (p *Generator) requestReseed() <-chan struct{} {
	if p.requested == nil {
		p.requested = make(chan struct{})
	}
	return p.requested
}
