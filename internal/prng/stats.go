package prng

import "time"

// Stats is a snapshot for status. It holds no secret.
type Stats struct {
	State            State
	FirstSeedBits    int       // bits counted towards the 512 of the first seed; how many it had, once it was made
	PoolBits         int       // bits held by the 32 pools now, at most 8192
	EntropyInputBits int       // bits credited since the last reseed, at most 320
	IndependentBits  int       // bits of independent noise since an event or a request, at most 320
	OpenedAt         time.Time // wall clock of the first seed; zero before
	Reseeds          uint64    // reseeds of SP 800-90A, with 320 credited bits or more; not the first seed
	LastReseed       time.Time // wall clock; zero before
	// SinceReseed is monotonic: time since the last reseed or the first seed.
	SinceReseed     time.Duration
	ReseedRequested bool   // a reseed was asked for and waits for independent noise
	Unsettled       Event  // output went on without independent noise after it; NoEvent: none
	Stirs           uint64 // Fortuna's reseeds
	Generates       uint64
	Bytes           uint64 // output
	Kernel          bool   // the kernel had bytes when it was last asked, by New or by Generate
	Sources         []SourceStats
	Memory          Protection
}

// SourceStats counts what one source gave.
type SourceStats struct {
	Name          string
	Samples       uint64
	Bytes         uint64
	CreditedBits  uint64
	FirstSeedBits int // of these, what opened the gate
}

// Stats returns the present figures.
func (g *Generator) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := &g.counts
	st := Stats{
		State: g.State(), OpenedAt: c.opened, FirstSeedBits: c.firstSeedBits,
		Reseeds: c.reseeds, LastReseed: c.reseededAt, ReseedRequested: g.hold.answered != nil,
		Stirs: c.stirs, Generates: c.generates, Bytes: c.bytes, Kernel: g.kernel.ok,
		Sources: make([]SourceStats, len(g.sources)), Memory: g.region.protection,
	}
	if g.hold.ended {
		st.Unsettled = g.hold.event
	}
	for i, s := range g.sources {
		st.Sources[i] = SourceStats{s.policy.Name, s.samples, s.bytes, s.credited, s.counted}
	}
	if g.sec == nil {
		return st
	}
	acc := &g.sec.acc
	st.PoolBits, st.EntropyInputBits, st.IndependentBits = acc.bits(), acc.bitsOf(entropyInput), acc.bitsOf(independentInput)
	if st.State == Unseeded {
		st.FirstSeedBits = st.PoolBits
		return st
	}
	_, mono := g.clocks()
	st.SinceReseed = time.Duration(mono - g.lastReseed)
	return st
}
