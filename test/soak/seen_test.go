//go:build linux

package soak

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Everything here is shown something wrong first: a daemon that is right gives
// the soak nothing to find.

// TestTrendFindsALeak has one MiB a minute found below noise and bursts, and none in noise alone.
func TestTrendFindsALeak(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	var xs, flat, leak []float64
	for i := range 400 {
		x, burst := float64(i)/60, 0.0
		if i%17 == 0 {
			burst = 30 // a jitter sample's memory
		}
		xs = append(xs, x)
		flat = append(flat, 12+noise.Float64()+burst)
		leak = append(leak, 12+noise.Float64()+burst+x)
	}
	if got := trendOf(xs, flat); got.low > 0 || got.high < 0 || math.Abs(got.slope) > 0.05 {
		t.Errorf("a flat line rises by %v", got)
	}
	if got := trendOf(xs, leak); got.low > 1 || got.high < 1 || got.low <= 0.9 {
		t.Errorf("1 a minute is found to be %v", got)
	}
	if second, last := growth(leak); last-second < 2.5 || last-second > 4.5 {
		t.Errorf("from %v to %v", second, last)
	}
}

// TestGrowthIsWrong runs the verdict over a daemon that grows beyond each bound in
// turn, and over one that does not.
func TestGrowthIsWrong(t *testing.T) {
	for leaking := range gaugeCount + 1 {
		w := newWatcher(&run{length: 10 * time.Minute})
		for i := range 600 {
			s := sample{at: time.Duration(i) * time.Second}
			for g := range s.is {
				s.is[g] = 50
				if g == leaking {
					s.is[g] += float64(i) / 600 * gauges[g].bound * 4.5
				}
			}
			w.samples = append(w.samples, s)
		}
		problems := w.grown()
		switch {
		case leaking < gaugeCount && gauges[leaking].bound > 0:
			if len(problems) != 1 || !strings.HasPrefix(problems[0], gauges[leaking].name+" grew") {
				t.Errorf("%s leaks: %q", gauges[leaking].name, problems)
			}
		case len(problems) > 0:
			t.Errorf("nothing leaks: %q", problems)
		}
	}
	short := newWatcher(&run{length: time.Minute})
	if len(short.grown()) == 0 {
		t.Error("no samples are taken for no growth")
	}
}

// TestDescriptorsLeftBehind shows the check a descriptor more, and one in the place of another.
func TestDescriptorsLeftBehind(t *testing.T) {
	before := held{"/proc/stat", "socket", "socket"}
	if got := before.left(held{"/proc/stat", "/proc/stat", "socket", "socket"}); len(got) != 1 || !strings.Contains(got[0], `["/proc/stat"]`) {
		t.Errorf("one more: %q", got)
	}
	if got := before.left(held{"/proc/stat", "pipe", "socket"}); len(got) != 0 {
		t.Errorf("one in the place of another: %q", got)
	}
}
