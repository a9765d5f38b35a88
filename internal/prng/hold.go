package prng

// Ticket returns the number of the last event or request. A sample that was begun
// with an older one may have been taken before it: see [Source.AddSampled].
func (g *Generator) Ticket() uint64 { return g.ticket.Load() }

// Wanted reports whether a reseed with independent noise is required or requested.
func (g *Generator) Wanted() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hold.wanted()
}

// Hold stops output after an event: a seeded generator requires a reseed, and all
// credit is forgotten, because a twin may hold the same bytes. Output goes on when
// [ReseedBits] of independent noise begun after the event are in, or by Release.
// The severity of an outstanding event only grows.
func (g *Generator) Hold(e Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sec != nil && e != NoEvent {
		g.begin(e)
	}
}

// begin is Hold with mu held.
func (g *Generator) begin(e Event) {
	h := &g.hold
	h.event, h.ended = max(h.event, e), false
	h.heldAt = g.ticket.Add(1)
	g.sec.acc.forgetAll()
	if g.State() == Unseeded {
		for _, s := range g.sources {
			s.counted = 0
		}
		return
	}
	g.setState(ReseedRequired)
}

// Held returns the gravest event that holds output and the ticket for its Release,
// or NoEvent if nothing does.
func (g *Generator) Held() (e Event, ticket uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.State() != ReseedRequired {
		return NoEvent, 0
	}
	return g.hold.event, g.hold.heldAt
}

// Release ends the hold of that ticket without independent noise, for clients
// that cannot wait longer, and returns whether output goes on: with a reseed if
// credited sources gave [ReseedBits] since the event, without one only after an
// event up to Jumped. A hold of another ticket stays.
//
// Stats has the event as Unsettled until independent noise has come.
func (g *Generator) Release(ticket uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := &g.hold
	if g.sec == nil || g.State() != ReseedRequired || ticket != h.heldAt {
		return g.State() == Seeded
	}
	enough := g.sec.acc.bitsOf(entropyInput) >= ReseedBits
	if !enough && h.event > Jumped {
		return false
	}
	if enough {
		g.reseed(g.clocks())
	}
	h.ended = true
	g.setState(Seeded)
	return true
}

// RequestReseed asks for a reseed with [ReseedBits] of independent noise begun
// after the call; output goes on meanwhile. The channel is closed when the new
// state is in use. While Unseeded it does nothing and returns nil.
func (g *Generator) RequestReseed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.State() == Unseeded {
		return nil
	}
	g.hold.sinceAt = g.ticket.Add(1)
	g.sec.acc.forget(independentInput)
	if g.hold.answered == nil {
		g.hold.answered = make(chan struct{})
	}
	return g.hold.answered
}

// settle ends a hold and answers requests: independent noise is in.
func (g *Generator) settle() {
	if g.hold.answered != nil {
		close(g.hold.answered)
	}
	late := g.hold.ended
	g.hold = hold{heldAt: g.hold.heldAt}
	if g.setState(Seeded); late {
		g.tell()
	}
}

// settled returns the ticket of the last event, and whether independent noise has
// come since.
func (g *Generator) settled() (heldAt uint64, settled bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hold.heldAt, g.hold.event == NoEvent
}

// Watch asks Env.Event. It is for times at which nothing is sampled or generated:
// a jump of the clocks is the harder to see the longer nobody has looked.
func (g *Generator) Watch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sec != nil {
		g.look(g.clocks())
	}
}

// look asks Env.Event and acts on the answer. It returns false if something
// happened. mu is held.
func (g *Generator) look(real, mono int64) bool {
	if g.env.Event == nil {
		return true
	}
	e := g.env.Event(real, mono)
	if e != NoEvent {
		g.begin(e)
	}
	return e == NoEvent
}

// Event is a sign that another machine may have the same state.
type Event uint8

// The events, by severity.
const (
	// NoEvent: nothing happened.
	NoEvent Event = iota
	// Requested: somebody who may do so asked for a reseed.
	Requested
	// Jumped: the clocks moved as they do when a machine is resumed from a
	// snapshot; it may have been something else.
	Jumped
	// Exhausted: as many requests were answered since the last reseed as SP
	// 800-90A allows (table 2).
	Exhausted
	// Cloned: this machine is another one now.
	Cloned
)
