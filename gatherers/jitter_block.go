package gatherers

import (
	"context"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	statWindow = 4096 // deltas over which median and distinct values are taken
	tickReads  = 1024 // looks at the clock with nothing between them
)

// A sampleBlock is the memory of some bursts. All of it is one mapping outside the
// Go heap, gone with free: no raw sample stays behind.
type sampleBlock struct {
	clock   func() int64
	mapping []byte
	buffer  []uint32 // to be touched; its length is a power of two
	*tables
	seed    uint32  // of the addresses of the last run
	deltas  []int64 // ns, of the last run; in tables
	symbols []byte  // what judge made of them; in tables
}

// tables are what a burst is kept and judged in.
type tables struct {
	ticks      [tickReads]int64
	allDeltas  [burstSamples]int64
	sorted     [statWindow]int64
	replayed   [statWindow]int64
	follows    [256][256]uint16 // how often symbol follows symbol
	allSymbols [burstSamples]byte
}

// newSampleBlock maps a block with a buffer of size bytes and makes its pages present.
func newSampleBlock(clock func() int64, size int) (*sampleBlock, error) {
	const flags = unix.MAP_ANON | unix.MAP_PRIVATE
	length := size + int(unsafe.Sizeof(tables{}))
	mapping, err := unix.Mmap(-1, 0, length, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return nil, fmt.Errorf("mapping %d KiB for jitter: %w", length>>10, err)
	}
	prefault(mapping)
	return &sampleBlock{
		clock:   clock,
		mapping: mapping,
		buffer:  unsafe.Slice((*uint32)(unsafe.Pointer(&mapping[0])), size/4),
		tables:  (*tables)(unsafe.Pointer(&mapping[size])),
	}, nil
}

// free unmaps the block.
func (b *sampleBlock) free() {
	// Only an address that was never mapped could fail.
	_ = unix.Munmap(b.mapping)
	*b = sampleBlock{}
}

// folds is how many symbols one byte of a sample holds.
func (b *sampleBlock) folds() int {
	if len(b.buffer)*4 < largeBuffer {
		return smallFold
	}
	return 1
}

// run takes n samples into b.deltas.
func (b *sampleBlock) run(ctx context.Context, touches, n int) error {
	b.deltas, b.symbols = b.allDeltas[:n], b.allSymbols[:n]
	last := b.clock()
	for i := range b.ticks {
		now := b.clock()
		b.ticks[i], last = now-last, now
	}
	b.seed = uint32(last)
	return b.measure(ctx, touches, b.deltas, last)
}

// replay touches the addresses of the last run once more, from the first, and
// takes as many samples as b.replayed holds.
func (b *sampleBlock) replay(ctx context.Context, touches int) error {
	return b.measure(ctx, touches, b.replayed[:], b.clock())
}

// measure fills deltas, beginning with the address that the seed gives.
func (b *sampleBlock) measure(ctx context.Context, touches int, deltas []int64, last int64) error {
	lcg := b.seed
	for d := deltas; len(d) > 0; d = d[min(len(d), 256):] {
		if err := ctx.Err(); err != nil {
			return err
		}
		lcg, last = b.sample(d[:min(len(d), 256)], touches, lcg, last)
	}
	return nil
}

// sample measures one delta after the other. lcg and last are carried from one
// call to the next.
func (b *sampleBlock) sample(deltas []int64, touches int, lcg uint32, last int64) (uint32, int64) {
	buffer, mask := b.buffer, uint32(len(b.buffer)-1)
	for i := range deltas {
		for range touches {
			lcg = 1664525*lcg + 1013904223
			word := &buffer[lcg>>8&mask] // the low bits have short periods
			atomic.SwapUint32(word, atomic.LoadUint32(word)+13)
		}
		now := b.clock()
		deltas[i], last = now-last, now
	}
	return lcg, last
}
