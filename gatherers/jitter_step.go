package gatherers

import "math"

// minFraction is the least step, in ns, that is looked for as a fraction: with
// rounding to a whole nanosecond on both sides, 3 ns would fit everything.
const minFraction = 4

// maxTelling is the largest delta, in ns, that is asked for the step: in one of
// many steps a small error of the guess has grown too large.
const maxTelling = 1e5

// tolerance is how far, in ns, a delta may be from a multiple of step. Both
// readings are rounded down to a nanosecond, and the steps of a counter need not
// be equal: this guest's reads 20, 21, 29, 30 and 31 ns for two or three of 10.02
// ns. By chance, fewer than half of all deltas would be so near.
func tolerance(step float64) float64 { return max(1.01, min(0.15*step, 2)) }

// clockStep returns the step of the clock that measured two sets of deltas, in
// ns: what all deltas are multiples of. 0 means that the clock stood still.
// The second set must be sorted.
//
// Counters that tick in whole nanoseconds show as a common divisor. Others, as
// the 24 MHz of many ARM boards, give 41, 42, 83, 125 ...: a fraction that fits
// all deltas to the nanosecond. Where neither is found the step is 1.
func clockStep(ticks, sorted []int64) float64 {
	divisor, least := int64(0), int64(math.MaxInt64)
	for _, set := range [...][]int64{ticks, sorted} {
		for _, d := range set {
			if d > 0 {
				divisor, least = gcd(divisor, d), min(least, d)
			}
		}
	}
	if divisor != 1 {
		return float64(divisor)
	}
	for parts := 1.0; float64(least)/parts >= minFraction && parts <= 8; parts++ {
		if step, ok := fitStep(float64(least)/parts, ticks, sorted); ok {
			return step
		}
	}
	return 1
}

// fitStep corrects a guess with one delta after the other, and tells whether
// the deltas are multiples of it, within the tolerance. One in a hundred need
// not be: a time daemon that slews the clock meanwhile bends a few.
func fitStep(step float64, ticks, sorted []int64) (float64, bool) {
	var time, count float64
	misfits := 0
	for _, set := range [...][]int64{ticks, sorted} {
		for _, d := range set {
			switch n := math.Round(float64(d) / step); {
			case d <= 0 || d > maxTelling:
			case math.Abs(float64(d)-n*step) > tolerance(step)+n*step/100: // the guess may be off by so much
				misfits++
			default:
				time, count = time+float64(d), count+n
				step = time / count
			}
		}
	}
	return step, misfits <= (len(ticks)+len(sorted))/100 && step >= minFraction && fits(step, sorted)
}

// fits checks what fitStep's allowance for a bad first guess let pass.
func fits(step float64, deltas []int64) bool {
	misfits := 0
	for _, d := range deltas {
		if n := math.Round(float64(d) / step); d <= maxTelling && math.Abs(float64(d)-n*step) > tolerance(step) {
			misfits++
		}
	}
	return misfits <= len(deltas)/100
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
