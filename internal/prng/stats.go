package prng

import "time"

// Stats is a snapshot for status. It holds no secret.
type Stats struct {
	State            State
	GateBits         int       // bits counted towards the 512 that open the gate; as it opened, once it has
	PoolBits         int       // bits held by the 32 pools now, at most 8192
	EntropyInputBits int       // bits credited since the last reseed, at most 256
	OpenedAt         time.Time // wall clock; zero before
	Reseeds          uint64    // reseeds of SP 800-90A, with 256 credited bits or more; not the first seed
	LastReseed       time.Time // wall clock; zero before
	// SinceReseed is monotonic: time since the last reseed or the first seed.
	SinceReseed     time.Duration
	ReseedRequested bool   // a reseed was asked for and waits for credited bits
	Stirs           uint64 // Fortuna's reseeds
	Generates       uint64
	Bytes           uint64 // output
	Kernel          bool   // the last Generate mixed kernel bytes
	Sources         []SourceStats
	Memory          Protection
}

// SourceStats counts what one source gave.
type SourceStats struct {
	Name         string
	Samples      uint64
	Bytes        uint64
	CreditedBits uint64
	GateBits     int // of these, what opened the gate
}

// Stats returns the present figures.
func (p *Generator) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := Stats{
		State: p.State(), OpenedAt: p.opened, GateBits: p.gateAtOpen,
		Reseeds: p.reseeds, LastReseed: p.reseededAt, ReseedRequested: p.requested != nil,
		Stirs: p.stirs, Generates: p.generates, Bytes: p.bytes, Kernel: p.kernelOK,
		Sources: make([]SourceStats, len(p.sources)), Memory: p.region.protection,
	}
	for i, s := range p.sources {
		st.Sources[i] = SourceStats{s.policy.Name, s.samples, s.bytes, s.credited, s.counted}
	}
	if p.sec == nil {
		return st
	}
	st.PoolBits, st.EntropyInputBits = p.sec.acc.bits(), p.sec.acc.entropyInputBits()
	if st.State == Unseeded {
		st.GateBits = st.PoolBits
		return st
	}
	_, mono := p.clocks()
	st.SinceReseed = time.Duration(mono - p.lastReseed)
	return st
}
