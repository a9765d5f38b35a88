package prng

import "math"

// Policy says how far one source is believed.
type Policy struct {
	// Name identifies the source, and its samples within a pool.
	Name string
	// Untrusted marks data that others choose or know (clients, upstreams, files):
	// it is mixed but never triggers a Stir, nor a reseed unless it is credited.
	Untrusted bool
	// GateLimit is how many bits the source may count before the gate is open;
	// 0 is no limit.
	GateLimit int
}

// Source is one origin of samples. Use Generator.Source.
type Source struct {
	generator *Generator
	id        uint16

	// Guarded by generator.mu.
	policy   Policy
	next     int // pool of the next uncredited sample
	samples  uint64
	bytes    uint64
	credited uint64 // bits
	counted  int    // bits before the gate was open
}

// Source returns the source of that name, made at the first call; its policy
// is replaced by p. Sources are numbered in the order they are made.
func (p *Generator) Source(policy Policy) *Source {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.byName[policy.Name]
	if s == nil {
		s = p.newSource(policy)
	}
	s.policy = policy
	return s
}

// newSource numbers a source and keeps it. mu is held.
func (p *Generator) newSource(policy Policy) *Source {
	if len(p.sources) > math.MaxUint16 {
		panic("internal error: over 65536 sources")
	}
	s := &Source{generator: p, id: uint16(len(p.sources)), policy: policy}
	p.sources = append(p.sources, s)
	p.byName[policy.Name] = s
	return s
}

// Add mixes a sample of any length and counts bits of entropy for it, at most
// 8 a byte, at most 256 if the sample enters hashed, and at most what GateLimit
// leaves. It returns what was counted. When due it opens the gate or reseeds.
//
// It allocates nothing and keeps no reference to data.
func (s *Source) Add(data []byte, bits int) (credited int) {
	reserveStack()
	credited = s.add(data, bits)
	wipeStack()
	return credited
}

//go:noinline
func (s *Source) add(data []byte, bits int) int {
	p, size := s.generator, len(data)
	bits = max(0, bits)
	if bits > 8*size {
		bits = 8 * size
	}
	// Over 512 bytes a hash buffer would have to be as long as the sample; under
	// 32, some pools would get nothing but their credit.
	if size > maxRaw || bits > 0 && size < pools {
		p.bigMu.Lock()
		defer p.bigMu.Unlock()
		if p.sec == nil {
			return 0
		}
		data = p.sec.chain.digest(data)
		defer clear(data)
		bits = min(bits, 8*len(data))
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sec == nil {
		return 0
	}
	real, mono := p.clocks()
	bits = s.limit(bits)
	if own := s.mix(data, bits, size, mono); !s.policy.Untrusted {
		p.sec.acc.p0Length += own
	}
	s.samples++
	s.bytes += uint64(size)
	s.credited += uint64(bits)
	if bits > 0 || !s.policy.Untrusted { // others choose no moment either
		p.advance(real, mono)
	}
	return bits
}

// mix puts a sample where it belongs and returns how many bytes of the original
// size that was for P0.
func (s *Source) mix(data []byte, bits, size int, mono int64) (own uint64) {
	acc := &s.generator.sec.acc
	if bits > 0 {
		acc.split(s.id, mono, data, bits)
		return uint64(size+pools-1) / pools
	}
	i := s.next
	s.next = (s.next + 1) % pools
	acc.mix(i, s.id, mono, data)
	if i == 0 {
		own = uint64(size)
	}
	return own
}

// limit applies GateLimit.
func (s *Source) limit(bits int) int {
	if s.generator.State() != Unseeded {
		return bits
	}
	if s.policy.GateLimit > 0 {
		bits = min(bits, max(0, s.policy.GateLimit-s.counted))
	}
	s.counted += bits
	return bits
}
