package prng

import "encoding/binary"

const (
	outputBlock    = 16      // bytes of output that are remembered together
	rememberedSize = 1 << 16 // blocks: the last MiB of output, less what collides
)

// outputMemory knows the generator's own output again, by 64 bits of the SHA-256 of each
// block of 16 bytes: it tells nothing about output that one does not know.
type outputMemory [rememberedSize]uint64

// RememberOutput has the generator remember, from now on, what it gives, so that Gave can
// tell. That costs half a MiB and a hash for each 16 bytes of output.
func (g *Generator) RememberOutput() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.given == nil {
		g.given = new(outputMemory)
	}
}

// Gave reports whether data contains output of this generator that it remembers: 31
// bytes of it are enough, wherever they stand.
func (g *Generator) Gave(data []byte) bool {
	var prints []uint64
	Cleanly(func() {
		for i := 0; i+outputBlock <= len(data); i++ {
			prints = append(prints, fingerprint(data[i:i+outputBlock]))
		}
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range prints {
		if g.given != nil && g.given[p%rememberedSize] == p {
			return true
		}
	}
	return false
}

// note remembers output. The generator's mu is held.
func (m *outputMemory) note(output []byte) {
	for ; len(output) >= outputBlock; output = output[outputBlock:] {
		p := fingerprint(output[:outputBlock])
		m[p%rememberedSize] = p
	}
}

func fingerprint(block []byte) uint64 {
	sum := sum256(block)
	return binary.LittleEndian.Uint64(sum[:])
}
