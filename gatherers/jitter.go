package gatherers

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	burstSamples = 16384 // of one byte each: 256 bits at jitterCredit
	trialSamples = 4096  // of a burst that only chooses the touches
	trialMargin  = 1.25  // and has to have that much more than minMedian and minDistinct

	// jitterCredit is 137 times below what NIST's estimator found in raw
	// samples, and still 6 times below it with a buffer that a cache holds.
	jitterCredit Credit = 1.0 / 64
)

const jitterName = "jitter"

const (
	largeBuffer = 32 << 20
	smallBuffer = 8 << 20

	// smallFold symbols of a buffer below largeBuffer make one byte of a
	// sample, which so holds a sample of 1/256 bit four times over.
	smallFold = 4
)

// Jitter samples how long random touches of a buffer larger than the caches
// take: 64 atomic writes at addresses from a linear congruential generator,
// then a look at the clock, and again. It is the sampler of the entropy source
// in Go's FIPS 140 module.
//
// Unpredictable: DRAM refresh, caches and buses shared with others, interrupts.
// Predictable: the addresses, which only spread the touches, and all of it for
// the owner of the machine. A local user may learn how long a whole burst took.
//
// The zero value samples this machine. Measured: docs/entropy.md.
type Jitter struct {
	// Clock gives nanoseconds since any fixed moment. nil: the steady clock of
	// the Go runtime, read as cheaply as time allows.
	Clock func() int64

	// Buffer is the size of the buffer in bytes, a power of two of at least
	// 4096. 0: 32 MiB, or 8 MiB where memory is short.
	Buffer int

	// Touches are the numbers of touches between two looks at the clock to
	// choose from, in this order. nil: 64, 256, 1024; without the 64 for a
	// buffer below 32 MiB, which answers so fast that they pass nine times in
	// ten only.
	Touches []int

	// Root is the directory in which proc and sys are looked for. "": /.
	Root string
}

// Gatherer returns the source "jitter". Each call returns one with a buffer and
// a choice of touches of its own.
//
// A sample is 16,384 bytes of one symbol each, credited 1/64 bit; from an 8 MiB
// buffer, of four symbols each. The first seed needs two samples.
func (j Jitter) Gatherer() Gatherer {
	s := newSampler(j)
	g := Gatherer{
		Name: jitterName, Every: 10 * time.Minute, Relaxed: time.Hour,
		Credit: jitterCredit, Tested: true,
		Gather: s.gather, Detail: s.detail,
	}
	return exclusive(g, func() {}) // nothing is open between samples
}

func (j Jitter) withDefaults() Jitter {
	if j.Clock == nil {
		base := time.Now()
		// Since asks for the monotonic clock alone, half the price of Now.
		j.Clock = func() int64 { return int64(time.Since(base)) }
	}
	if j.Root == "" {
		j.Root = "/"
	}
	if j.Buffer != 0 && (j.Buffer < 4096 || bits.OnesCount(uint(j.Buffer)) != 1) {
		panic("internal error: jitter buffer is no power of two")
	}
	return j
}

// A sampler is a Jitter that has begun. One goroutine uses it, but for detail.
type sampler struct {
	Jitter
	touches map[int]int            // chosen for a buffer of that size
	out     []byte                 // the sample, which its taker clears
	report  atomic.Pointer[string] // of the last good burst
}

func newSampler(j Jitter) *sampler {
	return &sampler{Jitter: j.withDefaults(), touches: make(map[int]int)}
}

// gather takes one sample. Nothing of a burst that fails leaves it.
func (s *sampler) gather(ctx context.Context) ([]byte, error) {
	size, err := s.size()
	if err != nil {
		return nil, err
	}
	b, err := newSampleBlock(s.Clock, size)
	if err != nil {
		return nil, err
	}
	defer b.free()
	touches, err := s.choose(ctx, b)
	if err != nil {
		return nil, err
	}
	sum, err := s.collect(ctx, b, touches)
	if err != nil {
		clear(s.out)
		return nil, err
	}
	text := fmt.Sprintf("%d touches of %d KiB, %v", touches, size>>10, sum)
	s.report.Store(&text)
	return s.out, nil
}

// choose fixes the touches with the first trial that passes, by a margin: one
// at the edge would fail every other burst. Later bursts keep to them whether
// they pass or not: trying until something passes would select by the test what
// the test is to judge. Samples of a trial are never used.
func (s *sampler) choose(ctx context.Context, b *sampleBlock) (int, error) {
	size := 4 * len(b.buffer)
	if touches := s.touches[size]; touches != 0 {
		return touches, nil
	}
	var reasons string
	for _, touches := range s.candidates(size) {
		if err := b.run(ctx, touches, trialSamples); err != nil {
			return 0, err
		}
		if _, err := b.symbolise(); err != nil {
			return 0, unhealthyJitter(err) // more touches mend no clock
		}
		_, err := b.judge(trialMargin)
		if err == nil {
			s.touches[size] = touches
			return touches, nil
		}
		reasons += fmt.Sprintf("; with %d touches: %v", touches, err)
	}
	return 0, &HealthError{Reason: "jitter unhealthy" + reasons}
}

// unhealthyJitter is the error of a burst that is thrown away.
func unhealthyJitter(err error) error {
	failure, is := errors.AsType[*HealthError](err)
	permanent := is && failure.Permanent
	return &HealthError{Reason: "jitter unhealthy: " + err.Error(), Permanent: permanent}
}

func (s *sampler) candidates(size int) []int {
	switch {
	case s.Touches != nil:
		return s.Touches
	case size < largeBuffer:
		return []int{256, 1024}
	}
	return []int{64, 256, 1024}
}

// collect fills s.out with one burst, or with smallFold of them. All must pass.
func (s *sampler) collect(ctx context.Context, b *sampleBlock, touches int) (sum summary, err error) {
	if s.out == nil {
		s.out = make([]byte, burstSamples)
	}
	clear(s.out)
	for i := range b.folds() {
		if err := b.run(ctx, touches, burstSamples); err != nil {
			return summary{}, err
		}
		if sum, err = b.judge(1); err == nil {
			err = b.judgeReplay(ctx, touches, &sum)
		}
		if err != nil && ctx.Err() == nil {
			err = unhealthyJitter(err)
		}
		if err != nil {
			return summary{}, err
		}
		for k, x := range b.symbols {
			s.out[k] ^= bits.RotateLeft8(x, 2*i)
		}
	}
	return sum, nil
}

// detail says what the last good burst was like.
func (s *sampler) detail() string {
	if text := s.report.Load(); text != nil {
		return *text
	}
	return ""
}
