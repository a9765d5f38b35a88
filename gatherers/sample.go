package gatherers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"time"
)

// deltaPause is the time between two samples of a source that is delta coded.
// The figures of docs/entropy.md were taken at this pace.
const deltaPause = 100 * time.Millisecond

// Sample writes count raw symbols of a source to w, one byte each, for
// somebody's estimator. Nothing has conditioned or judged them:
//
//   - jitter: the symbols of consecutive bursts, also of those that would fail;
//   - the families of System that read statistics: one symbol for each pair of
//     successive samples 100 ms apart, see DeltaSymbol;
//   - everything else (kernel, commands, devices, files, other daemons): the
//     bytes as they come, one sample after the other.
//
// It returns errors.ErrUnsupported where this system has no such source.
func Sample(ctx context.Context, g Gatherer, count int, w io.Writer) error {
	switch {
	case g.Name == jitterName:
		return Jitter{}.Raw(ctx, count, w)
	case slices.ContainsFunc(System(), func(s Gatherer) bool { return s.Name == g.Name && s.Credit == None }):
		return sampleDeltas(ctx, g, count, w)
	}
	return sampleBytes(ctx, g, count, w)
}

// DeltaSymbol folds what changed between two samples into one byte: each byte
// of next is XORed with the byte of last at the same place, or with 0 where
// last is shorter and the other way round; each result is rotated left by its
// place modulo 8; all are XORed. Equal samples give 0.
func DeltaSymbol(last, next []byte) (symbol byte) {
	for i := range max(len(last), len(next)) {
		var a, b byte
		if i < len(last) {
			a = last[i]
		}
		if i < len(next) {
			b = next[i]
		}
		symbol ^= bits.RotateLeft8(a^b, i%8)
	}
	return symbol
}

// Raw writes count symbols as the sampler finds them. It uses the touches that
// the daemon would choose, and the first candidate where it would choose none.
func (j Jitter) Raw(ctx context.Context, count int, w io.Writer) error {
	s := newSampler(j)
	for count > 0 {
		symbols, err := s.raw(ctx)
		if err != nil {
			return err
		}
		symbols = symbols[:min(count, len(symbols))]
		if _, err := w.Write(symbols); err != nil {
			return err
		}
		count -= len(symbols)
	}
	return nil
}

// raw returns the symbols of one burst.
func (s *sampler) raw(ctx context.Context) ([]byte, error) {
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
		touches = s.candidates(size)[0]
	}
	if err := b.run(ctx, touches, burstSamples); err != nil {
		return nil, err
	}
	if _, err := b.symbolise(); err != nil {
		return nil, err
	}
	return slices.Clone(b.symbols), nil
}

// sampleDeltas writes count delta symbols.
func sampleDeltas(ctx context.Context, g Gatherer, count int, w io.Writer) error {
	pace := time.NewTicker(deltaPause)
	defer pace.Stop()
	last, err := take(ctx, g)
	for last = slices.Clone(last); err == nil && count > 0; count-- {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pace.C:
		}
		var next []byte
		if next, err = take(ctx, g); err == nil {
			_, err = w.Write([]byte{DeltaSymbol(last, next)})
			last = append(last[:0], next...)
		}
	}
	return err
}

// sampleBytes writes count bytes of samples.
func sampleBytes(ctx context.Context, g Gatherer, count int, w io.Writer) error {
	for count > 0 {
		data, err := take(ctx, g)
		if err != nil {
			return err
		}
		data = data[:min(count, len(data))]
		if _, err := w.Write(data); err != nil {
			return err
		}
		count -= len(data)
	}
	return nil
}

// take takes one sample that is not empty.
func take(ctx context.Context, g Gatherer) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := g.Take(ctx)
	if _, mixed := errors.AsType[Uncredited](err); err != nil && !mixed {
		return nil, fmt.Errorf("sampling %s: %w", g.Name, err)
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("sampling %s: no more data", g.Name)
	}
	return data, nil
}
