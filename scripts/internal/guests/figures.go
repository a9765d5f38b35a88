//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"
)

// digest is what many times come to.
type digest struct {
	N             int
	P50, P99, Max time.Duration
}

func digested(times []time.Duration) digest {
	if len(times) == 0 {
		return digest{}
	}
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))] }
	return digest{len(times), at(0.5), at(0.99), at(1)}
}

func (d digest) String() string {
	if d.N == 0 {
		return "no reply"
	}
	return fmt.Sprintf("p50 %s, p99 %s, max %s", millis(d.P50), millis(d.P99), millis(d.Max))
}

func millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// jain is Jain's index of fairness (R. Jain, D. Chiu, W. Hawe, DEC-TR-301, 1984): 1 when all got
// the same, 1/n when one got everything.
func jain(each []int64) float64 {
	var sum, squares float64
	for _, x := range each {
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(each)) * squares)
}

// perSecond is a rate for people, in SI units.
func perSecond(bytes float64, took time.Duration) string {
	rate, unit := bytes/took.Seconds(), "B/s"
	for _, next := range []string{"kB/s", "MB/s"} {
		if rate < 1000 {
			break
		}
		rate, unit = rate/1000, next
	}
	return fmt.Sprintf("%.1f %s", rate, unit)
}
