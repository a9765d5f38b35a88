//go:build linux

package harness

import (
	"encoding/binary"
	"fmt"
	"maps"
	"sync"
)

// Blocks finds out whether 16 bytes of output come a second time. When it has too many it forgets every second one,
// chosen by its bytes: of two equal blocks both are kept or neither, and of a reply that comes twice some blocks are.
type Blocks struct {
	mu            sync.Mutex
	most          int
	kept          map[[16]byte]bool
	every         uint64 // one block in so many is kept: a power of 2
	seen, repeats int
}

// NewBlocks returns one that keeps at most so many blocks.
func NewBlocks(most int) *Blocks { return &Blocks{most: most, kept: map[[16]byte]bool{}, every: 1} }

// Add takes output apart.
func (s *Blocks) Add(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; len(data) >= 16; data = data[16:] {
		b := [16]byte(data)
		s.seen++
		if s.kept[b] {
			s.repeats++
		} else if !s.forgets(b) {
			s.kept[b] = true
		}
		if len(s.kept) > s.most {
			s.every *= 2
			maps.DeleteFunc(s.kept, func(b [16]byte, _ bool) bool { return s.forgets(b) })
		}
	}
}

func (s *Blocks) forgets(b [16]byte) bool { return binary.BigEndian.Uint64(b[8:])%s.every != 0 }

// Repeats returns how often a block came again.
func (s *Blocks) Repeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.repeats
}

// String tells how many blocks were looked at.
func (s *Blocks) String() string {
	return fmt.Sprintf("16-byte blocks: %d seen, 1 in %d compared, %d repeats", s.seen, s.every, s.Repeats())
}
