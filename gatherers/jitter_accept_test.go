package gatherers

import (
	"errors"
	"math"
	"math/rand"
	"strings"
	"testing"
)

// blockOf returns a block as a run leaves it that measured these deltas with a
// clock of 1 ns.
func blockOf(t *testing.T, deltas []int64) *sampleBlock {
	b, err := newSampleBlock(func() int64 { return 0 }, 4096)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.free)
	clear(b.ticks[:])
	b.ticks[0] = 1
	b.deltas, b.symbols = b.allDeltas[:len(deltas)], b.allSymbols[:len(deltas)]
	copy(b.deltas, deltas)
	return b
}

// Every limit is met at its value and missed one beyond it.
func TestLimits(t *testing.T) {
	for _, row := range []struct {
		name     string
		at, past []int64
		reason   string
	}{
		{"median", spread(20), spread(19), "median of 19 clock steps of 1 ns, at least 20 needed"},
		{"distinct", kinds(64), kinds(63), "63 distinct deltas in 4096, at least 64 needed"},
		{"backward", lagging(5, 0), backward(), "clock went back 1 ns"},
		{"run", run(60), run(61), "repetition count 61, cutoff 61"},
		{"proportion", proportion(421), proportion(422), "adaptive proportion 422 of 512, cutoff 422"},
		{"lag 2", lagging(2, 13433), lagging(2, 13434), "lag-2 predictor hit 82 %, limit 82 %"},
		{"lag 16", lagging(16, 13421), lagging(16, 13422), "lag-16 predictor hit 82 %, limit 82 %"},
		{"Markov", markov(13434), markov(13435), "first-order Markov predictor hit 82 %, limit 82 %"},
	} {
		if _, err := blockOf(t, row.at).judge(1); err != nil {
			t.Errorf("%s, at the limit: %v", row.name, err)
		}
		if _, err := blockOf(t, row.past).judge(1); err == nil || !strings.Contains(err.Error(), row.reason) {
			t.Errorf("%s, past the limit: %v", row.name, err)
		}
	}
}

// A clock that goes back while nothing is touched is as bad.
func TestBackwardTick(t *testing.T) {
	b := blockOf(t, plain(1))
	b.ticks[tickReads-1] = -1
	if _, err := b.judge(1); err == nil || err.Error() != "clock went back 1 ns" {
		t.Error(err)
	}
}

// A lag beyond those tried is not found: the criteria prove no randomness.
func TestLag17Passes(t *testing.T) {
	if _, err := blockOf(t, lagging(17, 13500)).judge(1); err != nil {
		t.Error(err)
	}
}

// plain are deltas without a fault: 200 values, evenly drawn.
func plain(seed int64) []int64 {
	r := rand.New(rand.NewSource(seed))
	deltas := make([]int64, burstSamples)
	for i := range deltas {
		deltas[i] = 40 + r.Int63n(200)
	}
	return deltas
}

// spread has the median given in every window.
func spread(median int64) []int64 {
	deltas := plain(1)
	for i := range deltas {
		if i%4096 <= 2048 { // the middle one of 4096 is the last of these
			deltas[i] = 1 + int64(i)%median
		}
	}
	return deltas
}

func kinds(n int64) []int64 {
	deltas := plain(2)
	for i := range deltas {
		deltas[i] = 100 + deltas[i]%n
	}
	return deltas
}

func backward() []int64 {
	deltas := plain(3)
	deltas[9999] = -1
	return deltas
}

// run has a run of n that begins in the last window.
func run(n int) []int64 {
	deltas := plain(4)
	for i := range n {
		deltas[15000+i] = 39
	}
	return deltas
}

// proportion has one value n times in the window that begins at 512, never
// more than 7 times in a row.
func proportion(n int) []int64 {
	deltas := plain(5)
	deltas[512], n = 39, n-1
	for i := 513; n > 0; i++ {
		if i%8 != 0 {
			deltas[i], n = 39, n-1
		}
	}
	return deltas
}

// lagging repeats the delta lag places before exactly hits times.
func lagging(lag, hits int) []int64 {
	deltas := plain(6)
	r := rand.New(rand.NewSource(7))
	repeat := make([]bool, len(deltas)-lag)
	for _, i := range r.Perm(len(repeat))[:hits] {
		repeat[i] = true
	}
	for i, again := range repeat {
		if again {
			deltas[i+lag] = deltas[i]
		} else if deltas[i+lag] == deltas[i] {
			deltas[i+lag]++
		}
	}
	return deltas
}

// markov walks a cycle of 256 values, hits times a step ahead, else a leap.
func markov(hits int) []int64 {
	r := rand.New(rand.NewSource(8))
	deltas := make([]int64, burstSamples)
	ahead := make([]bool, len(deltas)-1)
	for _, i := range r.Perm(len(ahead))[:hits] {
		ahead[i] = true
	}
	x := 0
	for i := range deltas {
		deltas[i] = 256 + int64(x)
		if i < len(ahead) {
			if ahead[i] {
				x = (x + 1) % 256
			} else {
				x = (x + 2 + r.Intn(250)) % 256
			}
		}
	}
	return deltas
}

func TestClockStep(t *testing.T) {
	for _, want := range []float64{1, 10, 100, 1000, 1e6, 10.01, 41.666666, 52.083333, 1000.0 / 96, 30.517578125e3} {
		r := rand.New(rand.NewSource(9))
		counter, last := 0.0, int64(0)
		tick := func(n int64) int64 {
			counter += float64(n)
			now := int64(counter * want)
			defer func() { last = now }()
			return now - last
		}
		var b sampleBlock
		b.tables = new(tables)
		for i := range b.ticks {
			b.ticks[i] = tick(r.Int63n(4)) // a fast look may see no tick at all
		}
		deltas := make([]int64, statWindow)
		for i := range deltas {
			deltas[i] = tick(20 + r.Int63n(30))
		}
		deltas[77]++ // slewed
		got := clockStep(b.ticks[:], b.sortWindow(deltas))
		if got < want*0.9995 || got > want*1.0005 {
			t.Errorf("step %v, want %v", got, want)
		}
	}
	if got := clockStepOf(t, unequal()); math.Abs(got-10.02) > 0.005 {
		t.Errorf("step %v of a clock with unequal steps, want 10.02", got)
	}
	if got := clockStep(make([]int64, 9), make([]int64, 9)); got != 0 {
		t.Errorf("no tick at all: %v", got)
	}
}

// G11: unequal is a clock as this guest's: 99.8 MHz, but a reading may be up to
// 0.8 ns too high. 20, 21, 29, 30 and 31 ns are all two or three steps.
func unequal() (tick func(n int64) int64) {
	r := rand.New(rand.NewSource(11))
	steps, last := int64(0), int64(0)
	return func(n int64) int64 {
		steps += n
		now := int64(float64(steps)*10.02 + 0.8*r.Float64())
		defer func() { last = now }()
		return now - last
	}
}

func clockStepOf(t *testing.T, tick func(n int64) int64) float64 {
	b, r := blockOf(t, make([]int64, statWindow)), rand.New(rand.NewSource(10))
	for i := range b.ticks {
		b.ticks[i] = tick(2 + r.Int63n(2))
	}
	for i := range b.deltas {
		b.deltas[i] = tick(65 + r.Int63n(400))
	}
	return clockStep(b.ticks[:], b.sortWindow(b.deltas))
}

// A machine without noise: what a sample takes is a function of the address that
// is touched. It is told how many readings each phase makes, as the sampler does
// them: ticks, a run, and the first of them again.
type machine struct {
	now, seed int64
	lcg       uint32
	readings  int
	noise     func() int64
}

const readingsOfFold = 1 + tickReads + burstSamples + 1 + statWindow

func (m *machine) clock() int64 {
	k := m.readings - (1 + tickReads + trialSamples) // after the trial
	m.readings++
	if k >= 0 {
		k %= readingsOfFold
	} else {
		k = m.readings - 1
	}
	switch again := 1 + tickReads + burstSamples; {
	case k <= tickReads:
		m.now += 25
		m.seed = m.now
		m.lcg = uint32(m.seed)
		return m.now
	case k == again:
		m.lcg = uint32(m.seed)
		m.now += 25
		return m.now
	}
	m.lcg = 1664525*m.lcg + 1013904223
	m.now += 500 + int64(m.lcg>>13*2654435761>>22)%1200 + m.noise()
	return m.now
}

// G7: a burst whose repetition shows the same is refused.
func TestReplay(t *testing.T) {
	r := rand.New(rand.NewSource(12))
	for _, row := range []struct {
		name  string
		noise func() int64
		bad   bool
	}{
		{"no noise", func() int64 { return 0 }, true},
		{"little noise", func() int64 { return r.Int63n(400) }, true},
		{"interrupts", func() int64 {
			if r.Intn(1000) == 0 {
				return 1e6
			}
			return 0
		}, true},
		{"more noise than anything", func() int64 { return r.Int63n(9000) }, false},
	} {
		m := &machine{noise: row.noise}
		data, err := Jitter{Clock: m.clock, Buffer: 4096, Touches: []int{1}}.Gatherer().Gather(t.Context())
		var failure *HealthError
		refused := errors.As(err, &failure) && !failure.Permanent && strings.Contains(err.Error(), "replay correlation")
		if refused != row.bad || row.bad && len(data) > 0 || !row.bad && err != nil {
			t.Errorf("%s: %d bytes, %v", row.name, len(data), err)
		}
	}
}

func TestCorrelation(t *testing.T) {
	a := []int64{1, 2, 4, 2, 1000} // steps 1, 2, -2, 3: the last is cut off at 5
	for _, row := range []struct {
		b    []int64
		want float64
	}{
		{[]int64{1, 2, 4, 2, 5}, 1},
		{[]int64{5, 4, 2, 4, 1}, -1},
		{[]int64{3, 3, 3, 3, 3}, 1},
		{[]int64{1, 2, 3, 4, 5}, 1}, // steps that do not vary
		{[]int64{1, 2, 1, 3, 4}, -0.613139},
	} {
		if got := correlation(a, row.b, 5); !(math.Abs(got-row.want) <= 1e-5) { // nor NaN
			t.Errorf("%v: %v, want %v", row.b, got, row.want)
		}
	}
	// Two series of independent noise that rise and fall together.
	r := rand.New(rand.NewSource(13))
	slow := func() []int64 {
		d := make([]int64, statWindow)
		for i := range d {
			d[i] = 1000 + 500*int64(i/512%2) + r.Int63n(300)
		}
		return d
	}
	if got := correlation(slow(), slow(), 1e4); math.Abs(got) > 0.1 {
		t.Errorf("noise on a common load: %v", got)
	}
}
