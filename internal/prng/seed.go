package prng

import (
	"encoding/binary"
	"time"
)

// advance opens the gate or reseeds if that is due. mu is held.
func (p *Pool) advance(real, mono int64) {
	acc := &p.sec.acc
	state := p.State()
	if state == Shut {
		if bits := acc.bits(); bits >= GateBits {
			p.gateAtOpen = bits
			p.instantiate(real, mono)
		}
		return
	}
	if acc.reserveBits() < reseedBits {
		return
	}
	if state == Held || p.demand != nil || mono-p.lastReseed >= reseedEvery {
		p.reseed(real, mono)
	}
}

// instantiate is the first seed: 10.1.1.2 with
//
//	entropy_input = D_0 | ... | D_31   all pools: P0 alone holds 1/32 of the credit
//	nonce         = wall and monotonic clock (128 bits, beside the 128 of 8.6.7
//	                that the gate demands on top of the strength)
//	personalization_string = Env.Personal
func (p *Pool) instantiate(real, mono int64) {
	acc, in := &p.sec.acc, p.sec.drbg.input()
	for i := range pools {
		in = acc.drain(in, i)
	}
	in = appendClocks(in, real, mono)
	in = append(in, p.env.Personal...)
	p.sec.drbg.instantiate(len(in))

	// What the reserve holds has just gone in by way of the pools.
	clear(acc.pool[reserve][:])
	acc.forget(reserve)
	acc.n = 0
	p.lastReseed, p.lastStir = mono, mono
	p.opened = time.Unix(0, real)
	p.setState(Open)
}

// reseed is 10.1.1.3 with entropy_input = at least 256 bits credited since the
// last one, then the scheduled pools; additional_input = clocks.
func (p *Pool) reseed(real, mono int64) {
	in := p.sec.acc.drain(p.sec.drbg.input(), reserve)
	p.feed(in, real, mono)
	p.reseeds++
	if p.demand != nil {
		close(p.demand)
		p.demand = nil
	}
	p.lastReseed = mono
	p.reseededAt = time.Unix(0, real)
	p.setState(Open)
}

// stir is Fortuna's reseed: the scheduled pools alone, whatever they are worth.
// It recovers from a compromise, in time, without trusting any estimate, and so
// is not counted as a reseed in the sense of 90A.
func (p *Pool) stir(real, mono int64) {
	p.feed(p.sec.drbg.input(), real, mono)
	p.stirs++
}

// stirDue says whether P0 is full and old enough. At the end of the reseed
// interval it is stirred whatever it holds: output never stops for it, and the
// standard's own limit (2^48) is far.
func (p *Pool) stirDue(mono int64) bool {
	return mono-p.lastStir >= stirEvery && p.sec.acc.own >= stirBytes ||
		p.sec.drbg.counter > reseedInterval
}

func (p *Pool) feed(in []byte, real, mono int64) {
	in = p.sec.acc.drainScheduled(in)
	in = appendClocks(in, real, mono)
	p.sec.drbg.reseed(len(in))
	p.lastStir = mono
}

func appendClocks(b []byte, real, mono int64) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(real))
	return binary.BigEndian.AppendUint64(b, uint64(mono))
}
