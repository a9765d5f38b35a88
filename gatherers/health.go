package gatherers

import (
	"fmt"
	"math"
)

// The false alarm rates of the continuous health tests, in bits: one in 2^30
// bytes, or windows, drops a sample; one in 2^60 retires the source. SP 800-90B
// 4.3, requirement 8, leaves room from 2^-20 to 2^-40 for the first.
const (
	intermittentAlpha = 30
	permanentAlpha    = 60
)

// aptWindow is that of SP 800-90B 4.4.2 for a source of more than two symbols.
const aptWindow = 512

// A HealthError says that a source failed a health test of SP 800-90B section
// 4. Its sample is dropped.
type HealthError struct {
	Reason    string
	Permanent bool // the source is retired until the next reload
}

// Error returns the reason.
func (e *HealthError) Error() string { return e.Reason }

// rctCutoff is C = 1 + ceil(bits / H) of SP 800-90B 4.4.1, for min-entropy h a
// symbol and false alarms once in 2^bits; without h no run is too long.
func rctCutoff(h float64, bits int) int {
	if !(h > 0) {
		return math.MaxInt
	}
	return 1 + int(math.Ceil(float64(bits)/h))
}

// aptCutoff is C = 1 + CRITBINOM(W, 2^-H, 1 - alpha) of SP 800-90B 4.4.2: the
// least count that a window reaches with a probability of at most 2^-bits. It
// is W + 1, which no window reaches, for an h too low to tell.
func aptCutoff(h float64, bits int) int {
	const w = aptWindow
	if !(h > 0) {
		return w + 1
	}
	p, alpha := math.Exp2(-h), math.Exp2(-float64(bits))
	logBinomial := func(k float64) float64 {
		all, _ := math.Lgamma(w + 1)
		chosen, _ := math.Lgamma(k + 1)
		rest, _ := math.Lgamma(w - k + 1)
		return all - chosen - rest
	}
	tail := 0.0
	for k := float64(w); k > 0; k-- {
		tail += math.Exp(logBinomial(k) + k*math.Log(p) + (w-k)*math.Log1p(-p))
		if tail > alpha {
			return int(k) + 1
		}
	}
	return 1
}

// A RepetitionCount is the test of SP 800-90B section 4.4.1. It notices a
// source that is stuck. It says nothing about low entropy: a source that
// counts 0 to 255 passes. The zero value with a Cutoff is ready to use.
type RepetitionCount struct {
	Cutoff  int // a run this long fails
	Longest int // longest run so far
	run     int
	last    byte
}

// Pass tells whether the test still passes with x as the next symbol.
func (t *RepetitionCount) Pass(x byte) bool {
	if t.run == 0 || x != t.last {
		t.last, t.run = x, 0
	}
	t.run++
	t.Longest = max(t.Longest, t.run)
	return t.run < t.Cutoff
}

// An AdaptiveProportion is the test of SP 800-90B section 4.4.2: it counts how
// often the first symbol of a window comes again in it. It notices a source
// that has come to prefer one value. The zero value with Cutoff and Window is
// ready to use.
type AdaptiveProportion struct {
	Cutoff  int // this many of one symbol in a window fail
	Window  int // symbols; windows do not overlap
	Largest int // largest count so far
	seen    int // symbols of the window, its first included
	count   int
	first   byte
}

// Pass tells whether the test still passes with x as the next symbol.
func (t *AdaptiveProportion) Pass(x byte) bool {
	if t.seen == 0 {
		t.first, t.count = x, 0
	}
	if x == t.first {
		t.count++
	}
	t.Largest = max(t.Largest, t.count)
	t.seen = (t.seen + 1) % t.Window
	return x != t.first || t.count < t.Cutoff
}

// healthTests are both continuous tests of one source, with cutoffs for the
// min-entropy a symbol that it is claimed to give.
type healthTests struct {
	rct                  RepetitionCount
	apt                  AdaptiveProportion
	rctRetire, aptRetire int
}

func newHealthTests(h float64) healthTests {
	return healthTests{
		rct:       RepetitionCount{Cutoff: rctCutoff(h, intermittentAlpha)},
		apt:       AdaptiveProportion{Cutoff: aptCutoff(h, intermittentAlpha), Window: aptWindow},
		rctRetire: rctCutoff(h, permanentAlpha),
		aptRetire: aptCutoff(h, permanentAlpha),
	}
}

// examine runs both tests over all of a sample, whatever fails: what would
// retire the source may stand at its end. It returns nil if they pass.
func (t *healthTests) examine(sample []byte) *HealthError {
	run, proportion := false, false
	t.rct.Longest, t.apt.Largest = 0, 0
	for _, x := range sample {
		run = !t.rct.Pass(x) || run
		proportion = !t.apt.Pass(x) || proportion
	}
	switch {
	case run:
		return &HealthError{
			Reason:    fmt.Sprintf("repetition count %d, cutoff %d", t.rct.Longest, t.rct.Cutoff),
			Permanent: t.rct.Longest >= t.rctRetire || t.apt.Largest >= t.aptRetire,
		}
	case proportion:
		return &HealthError{
			Reason:    fmt.Sprintf("adaptive proportion %d of %d, cutoff %d", t.apt.Largest, aptWindow, t.apt.Cutoff),
			Permanent: t.apt.Largest >= t.aptRetire,
		}
	}
	return nil
}
