package prng

import (
	"encoding/binary"
	"errors"
)

// MaxBytesPerRequest is the largest request in bytes: max_number_of_bits_per_request
// of SP 800-90A, table 2 (2^19 bits).
const MaxBytesPerRequest = 1 << 16

// ErrUnseeded is returned by Read while the generator is not Seeded.
var ErrUnseeded = errors.New("generator is not seeded")

// Generate fills dst with fresh output and returns true, or leaves dst alone
// and returns false unless the generator is Seeded. dst is at most
// MaxBytesPerRequest bytes.
//
// Each call mixes clocks, a counter and kernel bytes as additional input, and
// stirs first when that is due. Backtracking resistance holds between calls,
// not within one. It allocates nothing.
func (g *Generator) Generate(dst []byte) bool {
	if len(dst) > MaxBytesPerRequest {
		panic("internal error: Generate of more than 65536 bytes")
	}
	if g.State() != Seeded {
		return false
	}
	ok := false
	cleanly(func() { ok = g.generate(dst) })
	return ok
}

func (g *Generator) generate(dst []byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	real, mono := g.clocks()
	if g.State() != Seeded || !g.look(real, mono) {
		return false
	}
	if g.requests++; g.requests > reseedInterval {
		g.begin(Exhausted)
		return false
	}
	if g.stirDue(mono) {
		g.stir(real, mono)
	}
	g.sec.drbg.generate(dst, g.additionalInput(real, mono))
	if g.given != nil {
		g.given.note(dst)
	}
	g.counts.generates++
	g.counts.bytes += uint64(len(dst))
	return true
}

// additionalInput writes the additional input and returns its length: clocks and
// request counter, so that a forked state diverges by itself, and kernel bytes.
func (g *Generator) additionalInput(real, mono int64) int {
	in := appendClocks(g.sec.drbg.input(), real, mono)
	in = binary.BigEndian.AppendUint64(in, g.counts.generates)
	return len(g.appendKernel(in, mono, false))
}

// Read fills b and returns its length. Unless the generator is Seeded it stops
// and returns ErrUnseeded.
func (g *Generator) Read(b []byte) (int, error) {
	quiet := BeginQuiet()
	defer quiet.End()
	n := 0
	for n < len(b) {
		part := b[n:min(len(b), n+MaxBytesPerRequest)]
		if !g.Generate(part) {
			return n, ErrUnseeded
		}
		n += len(part)
	}
	if g.State() != Seeded {
		return n, ErrUnseeded
	}
	return n, nil
}

// Draw is Read for what is to outlive this machine's memory. sole says that no twin
// can have drawn the same: no event is unsettled, nor was one noticed meanwhile.
func (g *Generator) Draw(b []byte) (sole bool, err error) {
	before, sole := g.settled()
	if _, err := g.Read(b); err != nil {
		return false, err
	}
	after, _ := g.settled()
	return sole && after == before, nil
}

// Digest writes SHA-256(0x04 | pools | V | SHA-256(context)), one way: it tells nothing about pools or output, but differs as soon as
// anything was mixed or generated. It works in every state, and is what the
// seed file's successor is made of while the generator is unseeded.
func (g *Generator) Digest(dst *[32]byte, context []byte) {
	quiet := BeginQuiet()
	defer quiet.End()
	cleanly(func() { g.digest(dst, context) })
}

func (g *Generator) digest(dst *[32]byte, context []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sec == nil {
		panic("internal error: Digest of a closed generator")
	}
	in := append(g.sec.drbg.input(), domainID)
	for i := range g.sec.acc.pool {
		in = append(in, g.sec.acc.pool[i][:]...)
	}
	in = append(in, g.sec.drbg.v()...)
	ctx := sum256(context)
	in = append(in, ctx[:]...)
	*dst = sum256(in)
	clear(in)
}
