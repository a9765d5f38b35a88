package gatherers_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
)

const smallest = 4096 // the least buffer: quick to touch

// ticking returns a clock that advances by what delta says at its i-th reading.
func ticking(delta func(i int) int64) func() int64 {
	now, i := int64(1e9), 0
	return func() int64 {
		now += delta(i)
		i++
		return now
	}
}

// truncated returns the real clock, in steps.
func truncated(step time.Duration) func() int64 {
	base := time.Now()
	return func() int64 { return int64(time.Since(base).Truncate(step)) }
}

// noisy is what a good machine's deltas look like: 60 to 400 ns.
func noisy(seed int64) func(int) int64 {
	r := rand.New(rand.NewSource(seed))
	return func(int) int64 { return 60 + r.Int63n(340) }
}

// ratio gives deltas of a constant ratio, again and again.
func ratio(period int) func(int) int64 {
	return func(i int) int64 { return int64(1009 * math.Pow(1.3, float64(i%period))) }
}

type clockFault struct {
	name   string
	clock  func() int64
	reason string // in the error
}

func faults() []clockFault {
	good := noisy(1)
	list := []clockFault{
		{"stuck", func() int64 { return 42 }, "clock stood still"},
		{"1 ms steps", truncated(time.Millisecond), ""}, // may not tick at all
		{"10 ms steps", truncated(10 * time.Millisecond), ""},
		{"runs backwards", ticking(func(int) int64 { return -100 }), "clock went back 100 ns"},
		{"steps back once", ticking(func(i int) int64 {
			if i%3000 == 0 {
				return -1
			}
			return good(i)
		}), "clock went back 1 ns"},
		{"constant", ticking(func(int) int64 { return 100 }), "median of 1 clock steps"},
		{"sawtooth of 256", ticking(func(i int) int64 { return 100 + int64(i%256) }), "Markov predictor hit 100 %"},
		{"nine in ten the same", ticking(func(i int) int64 {
			if d := good(i); i%10 == 0 {
				return d
			}
			return 101
		}), "of 512, cutoff 422"},
		{"two in three the same", ticking(func(i int) int64 {
			if i%3 == 0 {
				return good(i)
			}
			return 4
		}), "median of 4"},
		{"sixty distinct", ticking(func(i int) int64 { return 100 + good(i)%60 }), "60 distinct deltas"},
	}
	for period := 2; period <= 16; period++ {
		list = append(list, clockFault{fmt.Sprintf("constant ratio of period %d", period), ticking(ratio(period)), "distinct deltas"})
		// The same with enough noise beside to look diverse.
		noise, base := noisy(int64(period)), ratio(period)
		list = append(list, clockFault{fmt.Sprintf("period %d, one in twenty noise", period), ticking(func(i int) int64 {
			if d := noise(i); i%20 == 0 {
				return d
			}
			return base(i)
		}), " %, limit 82 %"})
	}
	return list
}

// No fault yields a byte, and the error says what is wrong.
func TestFaultYieldsNothing(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			g := gatherers.Jitter{Clock: f.clock, Buffer: smallest, Touches: []int{1, 2}}.Gatherer()
			data, err := g.Gather(t.Context())
			if err == nil || len(data) != 0 {
				t.Fatalf("%d bytes, %v", len(data), err)
			}
			if !strings.HasPrefix(err.Error(), "jitter unhealthy") || !strings.Contains(err.Error(), f.reason) {
				t.Errorf("reason: %v", err)
			}
			t.Log(err)
		})
	}
}

// What the criteria make of weak, but not broken, clocks and buffers depends on
// the machine. Whatever it is, a refused burst yields nothing.
func TestWeakness(t *testing.T) {
	few := []int{16} // the race detector makes each one dear
	for name, j := range map[string]gatherers.Jitter{
		"1 us clock":     {Clock: truncated(time.Microsecond), Buffer: 1 << 20, Touches: few},
		"512 KiB buffer": {Buffer: 512 << 10, Touches: few},
		"64 KiB buffer":  {Buffer: 64 << 10, Touches: few},
	} {
		g := j.Gatherer()
		data, err := g.Gather(t.Context())
		if (err == nil) != (len(data) == 16384) {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
		t.Logf("%s: %d bytes, %v, %s", name, len(data), err, g.Detail())
	}
}

func TestGoodClock(t *testing.T) {
	for _, step := range []int64{1, 10, 1000} {
		noise := noisy(2)
		clock := ticking(func(i int) int64 { return noise(i) * step })
		g := gatherers.Jitter{Clock: clock, Buffer: smallest, Touches: []int{1, 2}}.Gatherer()
		for range 2 {
			data, err := g.Gather(t.Context())
			if err != nil || g.Credit.Bits(len(data)) != 256 {
				t.Fatalf("step %d: %d bytes, %v", step, len(data), err)
			}
			clear(data)
		}
		if want := fmt.Sprintf("1 touches of 4 KiB, clock step %.4g ns, median 22", float64(step)); !strings.HasPrefix(g.Detail(), want) {
			t.Errorf("detail: %s", g.Detail())
		}
	}
}

// The touches are chosen by the first trial that passes, and then stay, even if
// no burst passes any more.
func TestTouchesAreChosenOnce(t *testing.T) {
	noise, stuck := noisy(3), true
	clock := ticking(func(i int) int64 {
		if stuck = stuck && i < 2000; stuck {
			return 0
		}
		return noise(i)
	})
	g := gatherers.Jitter{Clock: clock, Buffer: smallest, Touches: []int{1, 2}}.Gatherer()
	// One touch sees the clock stand still for half of the trial.
	if _, err := g.Gather(t.Context()); err != nil || !strings.HasPrefix(g.Detail(), "2 touches") {
		t.Fatalf("%v, %s", err, g.Detail())
	}
	good := noise
	noise = func(int) int64 { return 100 }
	if data, err := g.Gather(t.Context()); err == nil || len(data) != 0 || strings.Contains(err.Error(), "touches") {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	noise = good
	if _, err := g.Gather(t.Context()); err != nil || !strings.HasPrefix(g.Detail(), "2 touches") {
		t.Fatalf("%v, %s", err, g.Detail())
	}
}

// In a bubble time stands still while the sampler runs: an hour with a stuck
// clock earns nothing, is reported once, and is retried ever more rarely.
func TestUnhealthyEarnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		log := logrus.New()
		var text strings.Builder
		log.Out = &text
		r := gatherers.NewRunner(func(_ *gatherers.Gatherer, data []byte, bits int) {
			t.Errorf("%d bytes counting %d bits", len(data), bits)
		}, log)
		go r.Run(ctx, []gatherers.Gatherer{gatherers.Jitter{Buffer: smallest, Touches: []int{1, 2}}.Gatherer()})
		time.Sleep(6 * time.Hour)
		st := r.Stats()[0]
		cancel()
		synctest.Wait()
		if st.State != gatherers.Failing || st.Bits != 0 || !strings.Contains(st.LastError, "clock stood still") {
			t.Errorf("%+v", st)
		}
		if st.Errors < 3 || st.Errors > 12 {
			t.Errorf("%d attempts in 6 hours", st.Errors)
		}
		if strings.Count(text.String(), "jitter unhealthy") != 1 {
			t.Errorf("log: %s", text.String())
		}
	})
}

func TestJitterEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if data, err := (gatherers.Jitter{Buffer: smallest, Touches: []int{1, 2}}).Gatherer().Gather(ctx); err != context.Canceled || len(data) != 0 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func BenchmarkJitterBurst(b *testing.B) {
	g := gatherers.Jitter{}.Gatherer()
	failed := 0
	for b.Loop() {
		if _, err := g.Gather(b.Context()); err != nil {
			failed++
		}
	}
	b.ReportMetric(float64(failed)/float64(b.N), "failed/op")
	b.Log(g.Detail())
}

func BenchmarkJitterRaw(b *testing.B) {
	if err := (gatherers.Jitter{}).Raw(b.Context(), b.N, io.Discard); err != nil {
		b.Fatal(err)
	}
}
