package prng

import (
	"encoding/binary"
	"slices"
)

const (
	outputBlock    = 16      // bytes of output that are remembered together
	rememberedSize = 1 << 16 // blocks: the last MiB of output, less what collides
)

// outputMemory knows the generator's own output again, by 64 bits of the SHA-256 of each
// block of 16 bytes: it tells nothing about output that one does not know.
type outputMemory [rememberedSize]uint64

// fingerprints returns those of every 16 bytes of data, wherever they begin.
func fingerprints(data []byte) (prints []uint64) {
	for i := 0; i+outputBlock <= len(data); i++ {
		prints = append(prints, fingerprint(data[i:i+outputBlock]))
	}
	return prints
}

// hasAny reports whether one of prints is remembered; a nil m remembers nothing.
func (m *outputMemory) hasAny(prints []uint64) bool {
	return m != nil && slices.ContainsFunc(prints, func(p uint64) bool { return m[p%rememberedSize] == p })
}

// note remembers output. The generator's mu is held.
func (m *outputMemory) note(output []byte) {
	for ; len(output) >= outputBlock; output = output[outputBlock:] {
		p := fingerprint(output[:outputBlock])
		m[p%rememberedSize] = p
	}
}

// encode returns m for decodeOutput, nil of a nil m.
func (m *outputMemory) encode() (b []byte) {
	if m == nil {
		return nil
	}
	for _, p := range m {
		b = binary.LittleEndian.AppendUint64(b, p)
	}
	return b
}

// decodeOutput returns what encode was called for, nil if b is of another size.
func decodeOutput(b []byte) *outputMemory {
	if len(b) != 8*rememberedSize {
		return nil
	}
	m := new(outputMemory)
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return m
}

func fingerprint(block []byte) uint64 {
	sum := sum256(block)
	return binary.LittleEndian.Uint64(sum[:])
}
