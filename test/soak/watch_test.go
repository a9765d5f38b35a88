//go:build linux

package soak

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

// gauges are figures of the daemon, and how much each may grow in the steady part: from the median of that part's
// second quarter to that of its last, or from what less of the samples are below, where bursts come. Bounds are several times what a daemon without a leak was seen to waver.
var gauges = []struct {
	name, unit string
	bound      float64 // 0: none
	share      float64 // of the samples that are below
}{
	{"anonymous memory", "MiB", 4, 0.25}, // jitter takes 32 MiB for a moment, of which a busy machine makes more
	{"heap", "MiB", 3, 0.5},
	{"goroutines", "", 10, 0.5},
	{"threads", "", 4, 0.5},
	{"descriptors beside clients", "", 8, 0.5},
	{"clients", "", 0, 0.5},
}

// sample is the daemon at one moment.
type sample struct {
	at       time.Duration
	is       []float64 // of each gauge
	upgrades uint64
}

// watcher takes samples of the daemon.
type watcher struct {
	*run
	length  time.Duration
	began   time.Time
	samples []sample
	report  *control.Report
}

// sample asks the daemon itself, and the system, at nearly the same moment.
func (w *watcher) sample(int) (err error) {
	if w.report, err = w.Ask(control.Status); err != nil {
		return err
	}
	now := float64(w.report.Clients.Now)
	beside := float64(len(harness.Descriptors(w.t, w.PID))) - now // counted at nearly the same moment
	p := w.report.Process
	w.samples = append(w.samples, sample{time.Since(w.began), []float64{
		float64(harness.Number(w.PID, "RssAnon")) / (1 << 10), float64(p.Heap) / (1 << 20),
		float64(p.Goroutines), float64(harness.Number(w.PID, "Threads")), beside, now,
	}, p.Upgrades})
	return nil
}

// steadyPart is when the daemon has to be steady.
func (w *watcher) steadyPart() (begin, end time.Duration) {
	return time.Duration(settling * float64(w.length)), w.length - lastUpgrade
}

// steady returns one gauge's figures of that part.
func (w *watcher) steady(gauge int) (figures []float64) {
	begin, end := w.steadyPart()
	for _, s := range w.samples {
		if s.at >= begin && s.at < end {
			figures = append(figures, s.is[gauge])
		}
	}
	return figures
}

// growth returns what this share of the second and of the last quarter is below. A burst now and then moves them by
// nothing.
func growth(ys []float64, share float64) (second, last float64) {
	at := func(xs []float64) float64 {
		if len(xs) == 0 {
			return math.NaN()
		}
		return slices.Sorted(slices.Values(xs))[int(share*float64(len(xs)))]
	}
	q := len(ys) / 4
	return at(ys[q : 2*q]), at(ys[3*q:])
}

// grown logs what became of the daemon in the steady part, and returns what grew.
func (w *watcher) grown(logf func(string, ...any)) (problems []string) {
	for i, g := range gauges {
		figures := w.steady(i)
		if len(figures) < 8 {
			return append(problems, fmt.Sprintf("only %d samples of the steady part: too short a run", len(figures)))
		}
		second, last := growth(figures, g.share)
		logf("%-27s %8.2f -> %8.2f %s", g.name, second, last, g.unit)
		if g.bound > 0 && !(last-second <= g.bound) {
			problems = append(problems, fmt.Sprintf("%s grew from %.2f to %.2f %s, over %g", g.name, second, last, g.unit, g.bound))
		}
	}
	return problems
}

// The plot is a strip for each gauge over the same time. Grey lines are upgrades, the shade is where the daemon has to
// be steady, the orange line what is judged there: the second quarter and the last.
const (
	width, margin, right = 900, 190, 20
	strip, space         = 90, 26
)

func (w *watcher) draw(path string) {
	if path == "" || len(w.samples) == 0 {
		return
	}
	height := len(gauges)*(strip+space) + space
	var b bytes.Buffer
	draw := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	draw(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`, width, height)
	draw(`<rect width="%d" height="%d" fill="white"/>`, width, height)
	for i := range gauges {
		w.strip(draw, i, float64(space/2+i*(strip+space)))
	}
	draw(`<text x="%d" y="%d" text-anchor="end">%v</text>`+"\n</svg>", width-right, height-8, w.length)
	harness.WriteFile(w.t, path, b.String(), 0o644)
}

func (w *watcher) strip(draw func(format string, args ...any), gauge int, top float64) {
	high, points := 1.0, ""
	for _, s := range w.samples {
		high = max(high, s.is[gauge]*1.05)
	}
	x := func(at time.Duration) float64 {
		return margin + (width-margin-right)*min(at.Seconds()/w.length.Seconds(), 1)
	}
	y := func(v float64) float64 { return top + strip*(1-v/high) }
	begin, end := w.steadyPart()
	draw(`<rect x="%.1f" y="%.1f" width="%.1f" height="%d" fill="#f4f4ec"/>`, x(begin), top, x(end)-x(begin), strip)
	for j, s := range w.samples {
		if j > 0 && s.upgrades > w.samples[j-1].upgrades {
			draw(`<path d="M%.1f %.1fv%d" stroke="#ccc"/>`, x(s.at), top, strip)
		}
		points += fmt.Sprintf("%.1f,%.1f ", x(s.at), y(s.is[gauge]))
	}
	draw(`<path d="M%d %.1fv%dH%d" fill="none" stroke="#888"/>`, margin, top, strip, width-right)
	draw(`<text x="%d" y="%.1f" text-anchor="end">%s</text><text x="%d" y="%.1f" text-anchor="end" fill="#666">0 to %.4g %s</text>`,
		margin-8, top+16, gauges[gauge].name, margin-8, top+32, high, gauges[gauge].unit)
	draw(`<polyline fill="none" stroke="#1b6ca8" points="%s"/>`, points)
	second, last := growth(w.steady(gauge), gauges[gauge].share)
	draw(`<path d="M%.1f %.1fL%.1f %.1f" stroke="#d95f02" stroke-width="2"/>`,
		x(begin+(end-begin)*3/8), y(second), x(begin+(end-begin)*7/8), y(last))
}

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
