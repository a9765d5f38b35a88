package prng

import "time"

// Counts is what has been counted since the first program of this process
// started, the event that is unsettled, and what is remembered of output. It holds no
// secret.
type Counts struct {
	Opened        time.Time     `json:"opened,omitzero"` // wall clock of the first seed
	FirstSeedBits int           `json:"gate_bits,omitempty"`
	Reseeds       uint64        `json:"reseeds,omitempty"`
	LastReseed    time.Time     `json:"last_reseed,omitzero"`
	Stirs         uint64        `json:"stirs,omitempty"`
	Generates     uint64        `json:"generates,omitempty"`
	Bytes         uint64        `json:"bytes,omitempty"`
	Sources       []SourceStats `json:"sources,omitempty"`
	Unsettled     Event         `json:"unsettled,omitempty"` // see [Stats]
	Given         []byte        `json:"given,omitempty"`     // fingerprints of output, half a MiB; empty: it is not remembered
}

// HandOver returns the counts for [Generator.Continue] of the program that
// follows this one.
func (g *Generator) HandOver() Counts {
	st := g.Stats()
	g.mu.Lock()
	defer g.mu.Unlock()
	return Counts{
		Opened: st.OpenedAt, FirstSeedBits: st.FirstSeedBits, Reseeds: st.Reseeds, LastReseed: st.LastReseed,
		Stirs: st.Stirs, Generates: st.Generates, Bytes: st.Bytes, Sources: st.Sources, Unsettled: st.Unsettled,
		Given: g.given.encode(),
	}
}

// Continue makes the counts go on from those of the program before. It is called
// once, when what was handed over has been added: the first seed and its time are then
// what c says. What was handed over may be a twin's as well while an event is
// unsettled: the reseed with independent noise stays outstanding.
func (g *Generator) Continue(c Counts) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.reseeds += c.Reseeds
	g.counts.stirs += c.Stirs
	g.counts.generates += c.Generates
	g.counts.bytes += c.Bytes
	if g.counts.reseededAt.IsZero() {
		g.counts.reseededAt = c.LastReseed
	}
	for _, s := range g.sources {
		if !c.Opened.IsZero() {
			s.counted = 0
		}
	}
	for _, before := range c.Sources {
		g.continueSource(before, !c.Opened.IsZero())
	}
	if !c.Opened.IsZero() {
		g.counts.opened, g.counts.firstSeedBits = c.Opened, c.FirstSeedBits
	}
	if given := decodeOutput(c.Given); given != nil {
		g.given = given
	}
	if c.Unsettled != NoEvent {
		g.hold.event = max(g.hold.event, c.Unsettled)
		g.hold.ended = g.State() == Seeded
	}
}

// continueSource adds what the source of that name counted before. mu is held.
func (g *Generator) continueSource(before SourceStats, seeded bool) {
	s := g.byName[before.Name]
	if s == nil { // of no more trust than anybody else until it has a policy
		s = g.newSource(Policy{Name: before.Name, Untrusted: true})
	}
	s.samples += before.Samples
	s.bytes += before.Bytes
	s.credited += before.CreditedBits
	if seeded {
		s.counted = before.FirstSeedBits
	}
}
