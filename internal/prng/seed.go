package prng

import (
	"encoding/binary"
	"time"
)

// advance seeds or reseeds if that is due. mu is held.
func (g *Generator) advance(real, mono int64) {
	acc := &g.sec.acc
	if g.State() == Unseeded {
		bits := acc.bits()
		if bits < FirstSeedBits {
			return
		}
		g.counts.firstSeedBits = bits
		g.instantiate(real, mono)
	}
	switch {
	case acc.bitsOf(independentInput) >= ReseedBits: // collected only while it is wanted
		g.reseed(real, mono)
		g.settle()
	case g.State() == Seeded && acc.bitsOf(entropyInput) >= ReseedBits && mono-g.lastReseed >= minReseedInterval:
		g.reseed(real, mono)
	}
}

// instantiate is the first seed: 10.1.1.2 with
//
//	entropy_input = D_0 | ... | D_31   all pools: P0 alone holds 1/32 of the credit
//	nonce         = wall and monotonic clock (128 bits, beside the 128 of 8.6.7
//	                that FirstSeedBits has on top of the strength)
//	personalization_string = Env.PersonalizationString
//
// Each pool is a SHA-256 value with a 32nd of the credit, far below n_out - 64:
// no entropy is lost in it (SP 800-90B, 3.1.5.1.2).
func (g *Generator) instantiate(real, mono int64) {
	acc, in := &g.sec.acc, g.sec.drbg.input()
	for i := range pools {
		in = acc.drain(in, i)
	}
	in = appendClocks(in, real, mono)
	in = append(in, g.env.PersonalizationString...)
	g.sec.drbg.instantiate(len(in))

	// What entropyInput holds has just gone in by way of the pools.
	clear(acc.pool[entropyInput][:])
	acc.forget(entropyInput)
	g.lastReseed, g.lastStir, g.requests = mono, mono, 0
	g.counts.opened = time.Unix(0, real)
	if g.hold.event == NoEvent {
		g.setState(Seeded)
		return
	}
	g.setState(ReseedRequired)
}

// reseed is 10.1.1.3 with entropy_input = what was credited since the last one
// and independentInput, then the scheduled pools; additional_input = clocks and
// kernel bytes.
func (g *Generator) reseed(real, mono int64) {
	acc := &g.sec.acc
	in := acc.drain(g.sec.drbg.input(), entropyInput)
	if acc.bitsOf(independentInput) >= ReseedBits {
		in = acc.drain(in, independentInput)
	}
	g.feed(in, real, mono)
	g.counts.reseeds++
	g.lastReseed, g.requests = mono, 0
	g.counts.reseededAt = time.Unix(0, real)
}

// stir is Fortuna's reseed: the scheduled pools alone, whatever they are worth.
// It recovers from a compromise, in time, without trusting any estimate, and so
// is no reseed in the sense of 90A: the reseed interval goes on.
func (g *Generator) stir(real, mono int64) {
	g.feed(g.sec.drbg.input(), real, mono)
	g.counts.stirs++
}

// stirDue says whether P0 is full and old enough.
func (g *Generator) stirDue(mono int64) bool {
	return mono-g.lastStir >= stirEvery && g.sec.acc.p0Length >= minPoolSize
}

func (g *Generator) feed(in []byte, real, mono int64) {
	in = g.sec.acc.drainScheduled(in)
	in = appendClocks(in, real, mono)
	in = g.appendKernel(in, mono, true)
	g.sec.drbg.reseed(len(in))
	g.lastStir = mono
}

func appendClocks(b []byte, real, mono int64) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(real))
	return binary.BigEndian.AppendUint64(b, uint64(mono))
}
