package gatherers

// Cut-offs of the two continuous health tests for a source that is claimed to
// give H = 0.5 bit a sample, with a false alarm once in 2^30 samples. They
// follow from H and alpha: the table in docs/entropy.md is recomputed by a test.
const (
	rctCutoff = 61  // 1 + ceil(30 / 0.5)
	aptCutoff = 422 // 1 + the 1-2^-30 quantile of Binomial(512, 2^-0.5)
	aptWindow = 512 // SP 800-90B 4.4.2, a source of more than two symbols
)

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
