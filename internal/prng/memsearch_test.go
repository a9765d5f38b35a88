//go:build linux && !race

package prng

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// needles is an open hash table of 8-byte windows, without pointers, so that it
// can lie in secret memory.
type needles struct{ slot [1 << 13]uint64 }

func (n *needles) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(n)), unsafe.Sizeof(*n))
}

func (n *needles) index(w uint64) uint64 { return w * 0x9e3779b97f4a7c15 >> 51 }

// add enters every window of secret as bytes, as byte-swapped 32-bit words (the
// message schedule of SHA-256) and as a byte-swapped limb of 64 bits.
func (n *needles) add(secret []byte) {
	for ; len(secret) >= 8; secret = secret[1:] {
		le, be := binary.LittleEndian.Uint64(secret), binary.BigEndian.Uint64(secret)
		n.insert(le)
		n.insert(be)
		n.insert(be<<32 | be>>32)
	}
}

func (n *needles) insert(w uint64) {
	i := n.index(w)
	for n.slot[i] != 0 {
		i = (i + 1) % uint64(len(n.slot))
	}
	n.slot[i] = w
}

func (n *needles) has(w uint64) bool {
	for i := n.index(w); n.slot[i] != 0; i = (i + 1) % uint64(len(n.slot)) {
		if n.slot[i] == w {
			return true
		}
	}
	return false
}

// find reads a mapping through /proc/self/mem and returns where needles begin.
func (n *needles) find(m mapping, chunk []byte) (at []uint64) {
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		panic(err)
	}
	defer mem.Close()
	for from := m.from; from+8 <= m.to; from += uint64(len(chunk) - 7) {
		got, err := mem.ReadAt(chunk[:min(uint64(len(chunk)), m.to-from)], int64(from))
		for i := range max(0, got-7) {
			if w := binary.LittleEndian.Uint64(chunk[i:]); w != 0 && n.has(w) {
				at = append(at, from+uint64(i))
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			break // not readable: [vvar] and its like
		}
	}
	clear(chunk)
	return at
}

type mapping struct {
	from, to uint64
	name     string
}

func writableMappings(t *testing.T) (ms []mapping) {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	total := uint64(0)
	for line := range strings.Lines(string(b)) {
		var m mapping
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &m.from, &m.to, &mode); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(mode, "rw") {
			m.name = strings.TrimSpace(line)
			ms = append(ms, m)
			total += m.to - m.from
		}
	}
	t.Logf("%d writable mappings, %d KiB", len(ms), total/1024)
	return ms
}
