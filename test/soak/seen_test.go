//go:build linux

package soak

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// Everything here is shown something wrong first: a daemon that is right gives the soak nothing to find.

// TestGrowthFindsALeak has one MiB a minute found below noise and bursts, and none in noise alone.
func TestGrowthFindsALeak(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	for leak, want := range map[float64][2]float64{0: {-0.5, 0.5}, 1: {2.5, 4.5}} { // a minute
		var figures []float64
		for i := range 400 {
			figures = append(figures, 12+noise.Float64()+leak*float64(i)/60)
			if i%17 == 0 || i > 300 && i%10 < 6 {
				figures[i] += 30 // a jitter sample's memory; a busy machine has it last
			}
		}
		if second, last := growth(figures, gauges[0].share); last-second < want[0] || last-second > want[1] {
			t.Errorf("%v a minute: from %v to %v", leak, second, last)
		}
	}
}

// TestGrowthIsWrong runs the verdict over a daemon that grows beyond each bound in turn, and over one that does not.
func TestGrowthIsWrong(t *testing.T) {
	for leaking := range len(gauges) + 1 {
		w := &watcher{length: 10 * time.Minute}
		for i := range 600 {
			s := sample{at: time.Duration(i) * time.Second, is: slices.Repeat([]float64{50}, len(gauges))}
			if leaking < len(gauges) {
				s.is[leaking] += float64(i) / 600 * gauges[leaking].bound * 4.5
			}
			w.samples = append(w.samples, s)
		}
		want := ""
		if leaking < len(gauges) && gauges[leaking].bound > 0 {
			want = gauges[leaking].name + " grew"
		}
		if got := strings.Join(w.grown(t.Logf), "; "); !strings.HasPrefix(got, want) || strings.Contains(got, ";") || want == "" && got != "" {
			t.Errorf("found %q, expected %q", got, want)
		}
	}
	if len((&watcher{length: time.Minute}).grown(t.Logf)) == 0 {
		t.Error("no samples are taken for no growth")
	}
}

// TestDescriptorsLeftBehind shows what is told of a descriptor more, and of one in the place of another.
func TestDescriptorsLeftBehind(t *testing.T) {
	before := []string{"/proc/stat", "socket", "socket"}
	if got := left(before, []string{"/proc/stat", "/proc/stat", "socket", "socket"}); !slices.Equal(got, []string{"/proc/stat"}) {
		t.Errorf("one more: %q", got)
	}
	if got := left(before, []string{"/proc/stat", "pipe", "socket"}); got != nil {
		t.Errorf("one in the place of another: %q", got)
	}
}
