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
type block struct{ a, b uint64 }

func (x block) compare(y block) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) }

// Blocks finds out whether a block of output comes a second time. When it has
// too many it forgets every second one, chosen by its bytes: of two equal blocks
// both are kept or neither, and of a reply that comes twice some blocks are.
type Blocks struct {
	mu      sync.Mutex
	most    int
	old     []block // sorted, each once
	new     []block
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
		if x := (block{binary.BigEndian.Uint64(data), binary.BigEndian.Uint64(data[8:])}); s.keeps(x) {
			s.new = append(s.new, x)
		}
	}
	if len(s.new) >= s.most/8 {
		s.merge()
	}
}

func (s *Blocks) keeps(x block) bool { return x.b%s.every == 0 }

// merge puts the new ones in their places, and counts those that were there.
func (s *Blocks) merge() {
	slices.SortFunc(s.new, block.compare)
	i, j := len(s.old)-1, len(s.new)-1
	s.old = append(s.old, s.new...)
	for k := len(s.old) - 1; j >= 0; k-- {
		if i >= 0 && s.old[i].compare(s.new[j]) > 0 {
			s.old[k] = s.old[i]
			i--
		} else {
			s.old[k] = s.new[j]
			j--
		}
	}
	s.new = s.new[:0]
	all := len(s.old)
	s.old = slices.Compact(s.old)
	s.repeats += all - len(s.old)
	for len(s.old) > s.most {
		s.every *= 2
		s.old = slices.DeleteFunc(s.old, func(x block) bool { return !s.keeps(x) })
	}
}

// Repeats returns how often a block came again.
func (s *Blocks) Repeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.merge()
	return s.repeats
}

// String tells how many blocks were looked at.
func (s *Blocks) String() string {
	return fmt.Sprintf("16-byte blocks: %d seen, 1 in %d compared, %d repeats", s.seen, s.every, s.Repeats())
}
