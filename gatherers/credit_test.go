package gatherers_test

import (
	"context"
	"errors"
	"math"
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

// What the first minute of a source that gives eight bytes every 30 s earns.
func TestWhatCounts(t *testing.T) {
	with := func(err error) func(context.Context) ([]byte, error) {
		next := count()
		return func(ctx context.Context) ([]byte, error) { b, _ := next(ctx); return b, err }
	}
	for _, c := range []struct {
		name    string
		g       gatherers.Gatherer
		samples int // mixed
		bits    int
	}{
		{"the first is a yardstick", gatherers.Gatherer{Credit: 2, Gather: count()}, 4, 3 * 16},
		{"unless tested", gatherers.Gatherer{Credit: 2, Tested: true, Gather: count()}, 3, 3 * 16},
		{"or the only one", gatherers.Gatherer{Credit: 2, Once: true, Gather: count()}, 1, 16},
		{"no credit", gatherers.Gatherer{Gather: count()}, 3, 0},
		{"uncredited", gatherers.Gatherer{Credit: 2, Gather: with(gatherers.Uncredited("it is ourselves"))}, 3, 0},
		{"beside an error", gatherers.Gatherer{Credit: 2, Gather: with(errors.New("cut short"))}, 2, 0},
		{"empty", gatherers.Gatherer{Credit: 2, Gather: func(context.Context) ([]byte, error) { return nil, nil }}, 0, 0},
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
