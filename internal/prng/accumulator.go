package prng

import "encoding/binary"

// Fortuna's pools (Ferguson, Schneier, Kohno: Cryptography Engineering, 9.5),
// 32 of 256 bits: the 8192 bits of the EGD protocol.
const (
	pools = 32

	// Two accumulators beside the pools collect for the next reseed.
	entropyInput     = pools     // all that is credited
	independentInput = pools + 1 // noise that a twin cannot share: see hold
	inputs           = pools + 2

	maxRaw     = 512      // bytes of a sample that enter unhashed
	unitsPer   = pools    // credit is kept in 1/32 bit: b bits split evenly are b units a pool
	maxUnits   = 256 * 32 // a pool never counts more than it can hold
	mixHeader  = 1 + 32 + 2 + 8 + 8 + 4
	domainMix  = 0x01
	domainOut  = 0x02
	domainLong = 0x03
	domainID   = 0x04 // Digest
)

// accumulator lives in secret pages.
type accumulator struct {
	pool     [inputs][32]byte
	units    [inputs]uint32 // credit in 1/32 bit
	p0Length uint64         // bytes of our own gatherers in P0
	seq      uint64         // mixes ever
	n        uint64         // Fortuna's reseed counter: schedules since the first seed
	in       [mixHeader + maxRaw]byte
}

// mix is P <- SHA-256(0x01 | P | source u16 | seq64 | mono64 | len u32 | data),
// integers big endian.
func (a *accumulator) mix(i int, source uint16, mono int64, data []byte) {
	a.in[0] = domainMix
	copy(a.in[1:], a.pool[i][:])
	binary.BigEndian.PutUint16(a.in[33:], source)
	binary.BigEndian.PutUint64(a.in[35:], a.seq)
	binary.BigEndian.PutUint64(a.in[43:], uint64(mono))
	binary.BigEndian.PutUint32(a.in[51:], uint32(len(data)))
	n := mixHeader + copy(a.in[mixHeader:], data)
	a.pool[i] = sum256(a.in[:n])
	a.seq++
	clear(a.in[:n])
}

// split gives each pool its near-equal part of a credited sample with an equal
// share of the credit, and entropyInput all of it. data is 32 to 512 bytes.
func (a *accumulator) split(source uint16, mono int64, data []byte, bits int) {
	for i := range pools {
		part := data[len(data)*i/pools : len(data)*(i+1)/pools]
		a.mix(i, source, mono, part)
		a.credit(i, uint32(bits))
	}
	a.collect(entropyInput, source, mono, data, bits)
}

// collect gives one accumulator all of a credited sample.
func (a *accumulator) collect(i int, source uint16, mono int64, data []byte, bits int) {
	a.mix(i, source, mono, data)
	a.credit(i, uint32(bits*unitsPer))
}

// credit counts units for an accumulator, no more than it can hold, or than a
// reseed takes.
func (a *accumulator) credit(i int, units uint32) {
	limit := uint32(maxUnits)
	if i >= pools {
		limit = ReseedBits * unitsPer
	}
	a.units[i] = min(limit, a.units[i]+units)
}

// bits returns the credit of the 32 pools, rounded down.
func (a *accumulator) bits() int {
	sum := uint32(0)
	for _, u := range a.units[:pools] {
		sum += u
	}
	return int(sum / unitsPer)
}

// bitsOf returns the credit of one accumulator, rounded down.
func (a *accumulator) bitsOf(i int) int { return int(a.units[i] / unitsPer) }

// forget drops the credit but not the contents: they can only help.
func (a *accumulator) forget(i int) { a.units[i] = 0 }

func (a *accumulator) forgetAll() { clear(a.units[:]) }

// drain appends D_i = SHA-256(0x02 | P_i) to dst, which must have room, and
// zeroes P_i and its credit.
func (a *accumulator) drain(dst []byte, i int) []byte {
	a.in[0] = domainOut
	copy(a.in[1:], a.pool[i][:])
	d := sum256(a.in[:33])
	clear(a.in[:33])
	clear(a.pool[i][:])
	a.units[i] = 0
	if i == 0 {
		a.p0Length = 0
	}
	return append(dst, d[:]...)
}

// drainScheduled drains Fortuna's pools of the n-th schedule: P_i if 2^i | n.
func (a *accumulator) drainScheduled(dst []byte) []byte {
	a.n++
	for i := 0; i < pools && a.n%(1<<i) == 0; i++ {
		dst = a.drain(dst, i)
	}
	return dst
}
