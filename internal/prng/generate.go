package prng

import (
	"encoding/binary"
	"errors"
)

// MaxBytesPerRequest is the largest request in bytes: max_number_of_bits_per_request
// of SP 800-90A, table 2 (2^19 bits).
const MaxBytesPerRequest = 1 << 16

// ErrUnseeded is returned by Read while the pool is not Seeded.
var ErrUnseeded = errors.New("generator is not seeded")

// Generate fills dst with fresh output and returns true, or leaves dst alone
// and returns false unless the pool is Seeded. dst is at most MaxBytesPerRequest bytes.
//
// Each call mixes clocks, a counter and kernel bytes as additional input, and
// stirs first when that is due. Backtracking resistance holds between calls,
// not within one. It allocates nothing.
func (p *Generator) Generate(dst []byte) bool {
	if len(dst) > MaxBytesPerRequest {
		panic("internal error: Generate of more than 65536 bytes")
	}
	if p.State() != Seeded {
		return false
	}
	reserveStack()
	ok := p.generate(dst)
	wipeStack()
	return ok
}

//go:noinline
func (p *Generator) generate(dst []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.State() != Seeded {
		return false
	}
	real, mono := p.clocks()
	if p.env.CloneEvent != nil && !p.settle(p.env.CloneEvent(real, mono), real, mono) {
		return false
	}
	if p.stirDue(mono) {
		p.stir(real, mono)
	}
	p.sec.drbg.generate(dst, p.additionalInput(real, mono))
	p.generates++
	p.bytes += uint64(len(dst))
	return true
}

// additional writes the additional input and returns its length: clocks and
// request counter, so that a forked state diverges by itself, and kernel bytes.
func (p *Generator) additionalInput(real, mono int64) int {
	in := appendClocks(p.sec.drbg.input(), real, mono)
	in = binary.BigEndian.AppendUint64(in, p.generates)
	if p.env.Kernel == nil || !p.kernelOK && mono < p.kernelNext {
		return len(in)
	}
	kernel := in[len(in) : len(in)+32]
	if p.kernelOK = p.env.Kernel(kernel); !p.kernelOK {
		clear(kernel)
		p.kernelNext = mono + kernelEvery
		return len(in)
	}
	return len(in) + len(kernel)
}

// Read fills b and returns its length. Unless the pool is Seeded it stops and
// returns ErrUnseeded.
func (p *Generator) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		part := b[n:min(len(b), n+MaxBytesPerRequest)]
		if !p.Generate(part) {
			return n, ErrUnseeded
		}
		n += len(part)
	}
	if p.State() != Seeded {
		return n, ErrUnseeded
	}
	return n, nil
}

// Digest writes SHA-256(0x04 | P_0 .. P_31 | reserve | V | SHA-256(context)),
// one way: it tells nothing about pools or output, but differs as soon as
// anything was mixed or generated. It works in every state, and is what the
// seed file's successor is made of while the gate is shut.
func (p *Generator) Digest(dst *[32]byte, context []byte) {
	reserveStack()
	p.digest(dst, context)
	wipeStack()
}

//go:noinline
func (p *Generator) digest(dst *[32]byte, context []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sec == nil {
		panic("internal error: Digest of a closed pool")
	}
	in := append(p.sec.drbg.input(), domainID)
	for i := range p.sec.acc.pool {
		in = append(in, p.sec.acc.pool[i][:]...)
	}
	in = append(in, p.sec.drbg.v()...)
	ctx := sum256(context)
	in = append(in, ctx[:]...)
	*dst = sum256(in)
	clear(in)
}
