package gatherers

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// What a burst must show. These criteria find a source that is broken or that
// repeats itself. They cannot show that one is random: that rests on the
// measurements of docs/entropy.md, and on a credit far below them.
const (
	maxLag      = 16
	maxHits     = 0.82 // of the symbols, for any predictor
	minMedian   = 20   // clock steps; below, the clock is too coarse to tell
	minDistinct = 64   // different deltas in statWindow
	maxReplay   = 0.3  // correlation of a run with its repetition
)

// testedEntropy is the min-entropy a symbol that the health tests assume, in
// bits: a cutoff of 61 for the one and of 422 for the other.
const testedEntropy = 0.5

// A summary is what the criteria saw in a burst that passes.
type summary struct {
	step     float64 // of the clock, ns
	median   float64 // delta, in steps: the least of all windows
	distinct int     // deltas in ns: the least of all windows
	run      int     // longest, RCT
	count    int     // largest, APT
	lag      int     // of the best lag predictor
	lagHits  float64 // its part of the symbols
	markov   float64 // part of the symbols a Markov predictor hits
	replay   float64 // correlation with the same addresses touched again
}

func (s summary) String() string {
	return fmt.Sprintf("clock step %.4g ns, median %.0f steps, %d distinct, RCT %d, APT %d, lag-%d %.0f %%, Markov %.0f %%, replay %.3f",
		s.step, s.median, s.distinct, s.run, s.count, s.lag, 100*s.lagHits, 100*s.markov, s.replay)
}

// judge says why the last run is not good enough if it is not. The clock is to
// be finer than it must be by margin, a factor.
func (b *sampleBlock) judge(margin float64) (sum summary, err error) {
	if sum.step, err = b.symbolise(); err != nil {
		return sum, err
	}
	if err := b.judgeClock(margin, &sum); err != nil {
		return sum, err
	}
	if err := judgeHealth(b.symbols, &sum); err != nil {
		return sum, err
	}
	for lag := 1; lag <= maxLag; lag++ {
		if hits := lagHits(b.symbols, lag); hits > sum.lagHits {
			sum.lag, sum.lagHits = lag, hits
		}
	}
	if sum.lagHits > maxHits {
		return sum, fmt.Errorf("lag-%d predictor hit %.0f %%, limit %.0f %%", sum.lag, 100*sum.lagHits, 100*maxHits)
	}
	sum.markov = b.markovHits()
	if sum.markov > maxHits {
		return sum, fmt.Errorf("first-order Markov predictor hit %.0f %%, limit %.0f %%", 100*sum.markov, 100*maxHits)
	}
	return sum, nil
}

// symbolise makes symbols of the deltas of the last run: clock steps modulo
// 256. It returns the step in ns.
func (b *sampleBlock) symbolise() (step float64, err error) {
	if back := min(slices.Min(b.ticks[:]), slices.Min(b.deltas)); back < 0 {
		return 0, fmt.Errorf("clock went back %d ns", -back)
	}
	if step = clockStep(b.ticks[:], b.sortWindow(b.deltas)); step == 0 {
		return 0, fmt.Errorf("clock stood still for %d samples", statWindow)
	}
	for i, d := range b.deltas {
		b.symbols[i] = byte(int64(math.Round(float64(d) / step)))
	}
	return step, nil
}

// sortWindow returns the first statWindow of deltas in order. The next call
// overwrites it.
func (b *sampleBlock) sortWindow(deltas []int64) []int64 {
	copy(b.sorted[:], deltas)
	slices.Sort(b.sorted[:])
	return b.sorted[:]
}

// judgeClock checks whether the clock can tell one delta from another.
func (b *sampleBlock) judgeClock(margin float64, sum *summary) error {
	sum.median, sum.distinct = math.Inf(1), math.MaxInt
	for d := b.deltas; len(d) > 0; d = d[statWindow:] {
		sorted := b.sortWindow(d)
		sum.median = min(sum.median, math.Round(float64(sorted[statWindow/2])/sum.step))
		sum.distinct = min(sum.distinct, distinct(sorted))
	}
	if least := minMedian * margin; sum.median < least {
		return fmt.Errorf("median of %.0f clock steps of %.4g ns, at least %.0f needed", sum.median, sum.step, least)
	}
	if least := minDistinct * margin; float64(sum.distinct) < least {
		return fmt.Errorf("%d distinct deltas in %d, at least %.0f needed", sum.distinct, statWindow, least)
	}
	return nil
}

// distinct counts the values of sorted deltas. A step of 10.01 ns may show as
// 10 and as 11: then there are up to twice as many values as steps.
func distinct(sorted []int64) int {
	n := 1
	for i, d := range sorted[1:] {
		if d != sorted[i] {
			n++
		}
	}
	return n
}

// judgeHealth runs the continuous tests of SP 800-90B 4.4 over a burst.
func judgeHealth(symbols []byte, sum *summary) error {
	tests := newHealthTests(testedEntropy)
	failure := tests.examine(symbols)
	sum.run, sum.count = tests.rct.Longest, tests.apt.Largest
	if failure != nil {
		return failure
	}
	return nil
}

// judgeReplay touches the same addresses again and compares: what the addresses
// decide alone comes again. That is all that there is on a simulated machine
// without noise, where each start gives the same symbols.
func (b *sampleBlock) judgeReplay(ctx context.Context, touches int, sum *summary) error {
	if err := b.replay(ctx, touches); err != nil {
		return err
	}
	sum.replay = correlation(b.deltas[:statWindow], b.replayed[:], 4*sum.median*sum.step)
	if sum.replay > maxReplay {
		return fmt.Errorf("replay correlation %.2f, limit %.2g", sum.replay, maxReplay)
	}
	return nil
}

// correlation is Pearson's, of the differences between successive deltas, which
// are cut off at most. What comes and goes slowly, as the load of a neighbour,
// would else correlate by chance, up to 0.4 on a busy machine; and a single
// interrupt would decide. It is 1 where one side does not vary.
func correlation(a, b []int64, most float64) float64 {
	var sumA, sumB, squaresA, squaresB, products float64
	step := func(d []int64, i int) float64 { return min(float64(d[i]), most) - min(float64(d[i-1]), most) }
	for i := 1; i < len(a); i++ {
		x, y := step(a, i), step(b, i)
		sumA, sumB = sumA+x, sumB+y
		squaresA, squaresB, products = squaresA+x*x, squaresB+y*y, products+x*y
	}
	n := float64(len(a) - 1)
	varA, varB := squaresA-sumA*sumA/n, squaresB-sumB*sumB/n
	if varA <= 0 || varB <= 0 {
		return 1
	}
	return (products - sumA*sumB/n) / math.Sqrt(varA*varB)
}

// lagHits returns how often a symbol is the one lag places before it.
func lagHits(symbols []byte, lag int) float64 {
	hits := 0
	for i, x := range symbols[lag:] {
		if x == symbols[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(symbols)-lag)
}

// markovHits returns how often a symbol is the commonest successor of the one
// before it. The commonest is taken in hindsight, from the burst itself: no
// predictor of first order does better.
func (b *sampleBlock) markovHits() float64 {
	b.follows = [256][256]uint16{}
	for i, x := range b.symbols[1:] {
		b.follows[b.symbols[i]][x]++
	}
	hits := 0
	for i := range b.follows {
		hits += int(slices.Max(b.follows[i][:]))
	}
	return float64(hits) / float64(len(b.symbols)-1)
}
