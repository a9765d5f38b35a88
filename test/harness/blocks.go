//go:build linux

package harness

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
)

// block is 16 bytes of output.
type block [2]uint64

// Blocks finds out whether a block of output comes a second time. When it has too many it forgets every
// second one, chosen by its bytes: of two equal blocks both are kept or neither, and of a reply that comes twice some
// blocks are.
type Blocks struct {
	mu      sync.Mutex
	most    int
	kept    []block
	every   uint64 // one block in so many is kept: a power of 2
	seen    uint64
	repeats int
}

// NewBlocks returns one that keeps at most so many blocks.
func NewBlocks(most int) *Blocks { return &Blocks{most: most, every: 1} }

// Add takes output apart.
func (s *Blocks) Add(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; len(data) >= 16; data = data[16:] {
		s.seen++
		if b := (block{binary.BigEndian.Uint64(data), binary.BigEndian.Uint64(data[8:])}); !s.forgets(b) {
			s.kept = append(s.kept, b)
		}
	}
	if len(s.kept) < s.most {
		return
	}
	for s.count(); len(s.kept) > s.most/2; s.kept = slices.DeleteFunc(s.kept, s.forgets) {
		s.every *= 2
	}
}

func (s *Blocks) forgets(b block) bool { return b[1]%s.every != 0 }

// count keeps each block once, and counts those that were there.
func (s *Blocks) count() {
	slices.SortFunc(s.kept, func(a, b block) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	all := len(s.kept)
	s.kept = slices.Compact(s.kept)
	s.repeats += all - len(s.kept)
}

// Repeats returns how often a block came again.
func (s *Blocks) Repeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count()
	return s.repeats
}

// String tells how many blocks were looked at.
func (s *Blocks) String() string {
	return fmt.Sprintf("16-byte blocks: %d seen, 1 in %d compared, %d repeats", s.seen, s.every, s.Repeats())
}
