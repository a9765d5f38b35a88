package prng

import "math"

// Source returns the source of that name, made at the first call; its policy
// is replaced by p. Sources are numbered in the order they are made.
func (g *Generator) Source(policy Policy) *Source {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.byName[policy.Name]
	if s == nil {
		s = g.newSource(policy)
	}
	s.policy = policy
	return s
}

// newSource numbers a source and keeps it. mu is held.
func (g *Generator) newSource(policy Policy) *Source {
	if len(g.sources) > math.MaxUint16 {
		panic("internal error: over 65536 sources")
	}
	s := &Source{generator: g, id: uint16(len(g.sources)), policy: policy}
	g.sources = append(g.sources, s)
	g.byName[policy.Name] = s
	return s
}

// Add is AddSampled for a sample of this moment. A caller that is not quiet by
// itself begins a [Quiet] first.
func (s *Source) Add(data []byte, bits int) (credited int) {
	return s.AddSampled(data, bits, s.generator.Ticket())
}

// AddSampled mixes a sample of any length and counts bits of entropy for it, at
// most 8 a byte, at most what the digests can hold if the sample enters hashed,
// at most what FirstSeedLimit leaves, and 0 if an event was noticed since it was begun:
// ticket is the generator's of that moment. It returns what was counted. When
// due it seeds or reseeds.
//
// It allocates nothing and keeps no reference to data.
func (s *Source) AddSampled(data []byte, bits int, ticket uint64) (credited int) {
	cleanly(func() { credited = s.add(data, bits, ticket) })
	return credited
}

func (s *Source) add(data []byte, bits int, ticket uint64) int {
	g, size := s.generator, len(data)
	bits = min(max(0, bits), 8*size)
	// Over 512 bytes a hash buffer would have to be as long as the sample; under
	// 32, some pools would get nothing but their credit.
	if size > maxRaw || bits > 0 && size < pools {
		g.bigMu.Lock()
		defer g.bigMu.Unlock()
		if g.sec == nil {
			return 0
		}
		data = g.sec.chain.condense(data)
		defer clear(data)
		bits = min(bits, len(data)/32*digestBits)
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sec == nil {
		return 0
	}
	real, mono := g.clocks()
	g.look(real, mono)
	bits = s.limit(bits, ticket)
	s.mix(data, bits, size, mono, ticket)
	s.samples++
	s.bytes += uint64(size)
	s.credited += uint64(bits)
	if bits > 0 || !s.policy.Untrusted { // others choose no moment either
		g.advance(real, mono)
	}
	return bits
}

// mix puts a sample where it belongs; size is its own, before it was hashed.
func (s *Source) mix(data []byte, bits, size int, mono int64, ticket uint64) {
	g := s.generator
	acc, own := &g.sec.acc, 0 // bytes of it in P0
	if bits > 0 {
		acc.split(s.id, mono, data, bits)
		own = (size + pools - 1) / pools
		if s.policy.Independent && g.hold.wanted() && ticket >= g.hold.sinceAt {
			acc.collect(independentInput, s.id, mono, data, bits)
		}
	} else {
		if acc.mix(s.next, s.id, mono, data); s.next == 0 {
			own = size
		}
		s.next = (s.next + 1) % pools
	}
	if !s.policy.Untrusted {
		acc.p0Length += uint64(own)
	}
}

// limit applies FirstSeedLimit, and the ticket.
func (s *Source) limit(bits int, ticket uint64) int {
	g := s.generator
	if ticket < g.hold.heldAt {
		return 0
	}
	if g.State() != Unseeded {
		return bits
	}
	if s.policy.FirstSeedLimit > 0 {
		bits = min(bits, max(0, s.policy.FirstSeedLimit-s.counted))
	}
	s.counted += bits
	return bits
}
