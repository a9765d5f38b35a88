package prng

import (
	"encoding/binary"
	"time"
)

// advance opens the gate or reseeds if that is due. mu is held.
func (p *Generator) advance(real, mono int64) {
	acc := &p.sec.acc
	state := p.State()
	if state == Unseeded {
		if bits := acc.bits(); bits >= GateBits {
			p.gateAtOpen = bits
			p.instantiate(real, mono)
		}
		return
	}
	if acc.entropyInputBits() < reseedBits {
		return
	}
	if state == ReseedRequired || p.requested != nil || mono-p.lastReseed >= minReseedInterval {
		p.reseed(real, mono)
	}
}

// instantiate is the first seed: 10.1.1.2 with
//
//	entropy_input = D_0 | ... | D_31   all pools: P0 alone holds 1/32 of the credit
//	nonce         = wall and monotonic clock (128 bits, beside the 128 of 8.6.7
//	                that the gate demands on top of the strength)
//	personalization_string = Env.PersonalizationString
func (p *Generator) instantiate(real, mono int64) {
	acc, in := &p.sec.acc, p.sec.drbg.input()
	for i := range pools {
		in = acc.drain(in, i)
	}
	in = appendClocks(in, real, mono)
	in = append(in, p.env.PersonalizationString...)
	p.sec.drbg.instantiate(len(in))

	// What the reserve holds has just gone in by way of the pools.
	clear(acc.pool[entropyInput][:])
	acc.forget(entropyInput)
	acc.n = 0
	p.lastReseed, p.lastStir = mono, mono
	p.opened = time.Unix(0, real)
	p.setState(Seeded)
}

// reseed is 10.1.1.3 with entropy_input = at least 256 bits credited since the
// last one, then the scheduled pools; additional_input = clocks.
func (p *Generator) reseed(real, mono int64) {
	in := p.sec.acc.drain(p.sec.drbg.input(), entropyInput)
	p.feed(in, real, mono)
	p.reseeds++
	if p.requested != nil {
		close(p.requested)
		p.requested = nil
	}
	p.lastReseed = mono
	p.reseededAt = time.Unix(0, real)
	p.setState(Seeded)
}

// stir is Fortuna's reseed: the scheduled pools alone, whatever they are worth.
// It recovers from a compromise, in time, without trusting any estimate, and so
// is not counted as a reseed in the sense of 90A.
func (p *Generator) stir(real, mono int64) {
	p.feed(p.sec.drbg.input(), real, mono)
	p.stirs++
}

// stirDue says whether P0 is full and old enough. At the end of the reseed
// interval it is stirred whatever it holds: output never stops for it, and the
// standard's own limit (2^48) is far.
func (p *Generator) stirDue(mono int64) bool {
	return mono-p.lastStir >= stirEvery && p.sec.acc.p0Length >= minPoolSize ||
		p.sec.drbg.reseedCounter > reseedInterval
}

func (p *Generator) feed(in []byte, real, mono int64) {
	in = p.sec.acc.drainScheduled(in)
	in = appendClocks(in, real, mono)
	p.sec.drbg.reseed(len(in))
	p.lastStir = mono
}

func appendClocks(b []byte, real, mono int64) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(real))
	return binary.BigEndian.AppendUint64(b, uint64(mono))
}
