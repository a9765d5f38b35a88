//go:build linux

package soak

import (
	"fmt"
	"math"
	"slices"
)

// trend is a slope by Theil and Sen, the median of the slopes between all pairs,
// and its 95 % interval by Kendall's statistic, for samples that do not depend on
// each other. Ours do a little, so it is wider in truth. A burst now and then
// moves it by nothing.
type trend struct{ slope, low, high float64 }

// mostSamples keeps the number of pairs in bounds.
const mostSamples = 1000

func trendOf(xs, ys []float64) (t trend) {
	step := 1 + len(xs)/mostSamples
	var slopes []float64
	n := 0.0
	for i := 0; i < len(xs); i += step {
		n++
		for j := i + step; j < len(xs); j += step {
			if xs[j] > xs[i] {
				slopes = append(slopes, (ys[j]-ys[i])/(xs[j]-xs[i]))
			}
		}
	}
	if len(slopes) == 0 {
		return t
	}
	slices.Sort(slopes)
	at := func(rank float64) float64 { return slopes[min(max(int(rank), 0), len(slopes)-1)] }
	half := 1.96 * math.Sqrt(n*(n-1)*(2*n+5)/18) / 2
	middle := float64(len(slopes)) / 2
	return trend{at(middle), at(middle - half), at(middle + half)}
}

func (t trend) String() string { return fmt.Sprintf("%+.3f [%+.3f, %+.3f]", t.slope, t.low, t.high) }

func median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[len(sorted)/2]
}

// growth returns the medians of the second and of the last quarter.
func growth(ys []float64) (second, last float64) {
	q := len(ys) / 4
	return median(ys[q : 2*q]), median(ys[3*q:])
}
