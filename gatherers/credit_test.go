package gatherers_test

import (
	"context"
	"errors"
	"math"
	"math/rand"
	"testing"
	"testing/synctest"
	"time"

	"prngd/gatherers"
)

func TestCreditBits(t *testing.T) {
	for _, c := range []struct {
		credit gatherers.Credit
		bytes  int
		bits   int
	}{
		{8, 64, 512},
		{1.0 / 64, 32768, 512},
		{1.0 / 64, 63, 0},
		{1.0 / 64, 127, 1},
		{0.02, 100000, 2000},
		{0.5, 3, 1},
		{gatherers.None, 1 << 20, 0},
		{-1, 64, 0},
		{12, 10, 80}, // nothing holds more than 8 bits a byte
		{gatherers.Credit(math.NaN()), 64, 0},
		{gatherers.Credit(math.Inf(1)), 64, 512},
	} {
		if got := c.credit.Bits(c.bytes); got != c.bits {
			t.Errorf("%v bits/byte, %d bytes: %d bits, want %d", c.credit, c.bytes, got, c.bits)
		}
	}
}

// What the first minute of a source that gives 64 bytes every 30 s earns. An
// eighth of the estimate is more than half a bit a byte.
func TestWhatCounts(t *testing.T) {
	with := func(err error) func(context.Context) ([]byte, error) {
		next := random(64)
		return func(ctx context.Context) ([]byte, error) { b, _ := next(ctx); return b, err }
	}
	for _, c := range []struct {
		name    string
		g       gatherers.Gatherer
		samples int // mixed
		bits    int
	}{
		{"1,024 bytes are the start-up test", gatherers.Gatherer{Credit: 0.5, Gather: random(64)}, 16 + 2, 2 * 32},
		{"unless tested", gatherers.Gatherer{Credit: 0.5, Tested: true, Gather: random(64)}, 3, 3 * 32},
		{"or the only one", gatherers.Gatherer{Credit: 0.5, Once: true, Gather: random(64)}, 1, 32},
		{"commands take turns", gatherers.Gatherer{Credit: 0.5, Lane: make(chan struct{}, 1), Gather: random(64)}, 3, 0},
		{"no credit", gatherers.Gatherer{Gather: random(64)}, 3, 0},
		{"uncredited", gatherers.Gatherer{Credit: 0.5, Tested: true, Gather: with(gatherers.Uncredited("it is ourselves"))}, 3, 0},
		{"uncredited before its start-up test", gatherers.Gatherer{Credit: 0.5, Gather: with(gatherers.Uncredited("others may write to it"))}, 3, 0},
		{"beside an error", gatherers.Gatherer{Credit: 0.5, Gather: with(errors.New("cut short"))}, 2, 0},
		{"beside a health error", gatherers.Gatherer{Credit: 0.5, Gather: with(&gatherers.HealthError{Reason: "stuck"})}, 0, 0},
		{"empty", gatherers.Gatherer{Credit: 0.5, Gather: func(context.Context) ([]byte, error) { return nil, nil }}, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed()
			c.g.Name, c.g.Every = "source", 30*time.Second
			b.during(t, []gatherers.Gatherer{c.g}, func() { time.Sleep(61 * time.Second) })
			if len(b.mix) != c.samples || b.bits != c.bits {
				t.Errorf("%s: %d samples, %d bits, want %d, %d", c.name, len(b.mix), b.bits, c.samples, c.bits)
			}
			if s := b.status("source"); s.Bits != b.bits {
				t.Errorf("%s: status says %d bits, %d were counted", c.name, s.Bits, b.bits)
			}
		})
	}
}

// random returns a Gather of samples of n good bytes, the same in every run.
func random(n int) func(context.Context) ([]byte, error) {
	r := rand.New(rand.NewSource(int64(n)))
	return func(context.Context) ([]byte, error) {
		b := make([]byte, n)
		r.Read(b)
		return b, nil
	}
}
