//go:build linux

package guests

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"prngd/test/harness"
)

// figures are what one way of asking came to.
type figures struct {
	played
	cpu           time.Duration  // of the daemon
	beside, alone harness.Digest // what a mail server waits
}

// row is a line of the table in docs/sizing.md.
func (f figures) row(o options) string {
	way := fmt.Sprintf("%d bytes, again and again", o.Size)
	if o.Period > 0 {
		way = fmt.Sprintf("%d bytes every %s", o.Size, o.Period)
	}
	var sum int64
	for _, n := range f.Each {
		sum += n
	}
	rate := func(bytes int64) string { return perSecond(float64(bytes) / f.Took.Seconds()) }
	return fmt.Sprintf("| %s | %s | %s to %s | %.4f | %s, %s, %s | %.0f %% | %s; alone %s |", way,
		rate(sum), rate(slices.Min(f.Each)), rate(slices.Max(f.Each)), jain(f.Each),
		harness.Millis(f.Waits.P50), harness.Millis(f.Waits.P99), harness.Millis(f.Waits.Max),
		100*f.cpu.Seconds()/f.Took.Seconds(), harness.Millis(f.beside.P99), harness.Millis(f.alone.P99))
}

// perSecond is a rate for people, in SI units.
func perSecond(rate float64) string {
	switch {
	case rate < 1e3:
		return fmt.Sprintf("%.1f B/s", rate)
	case rate < 1e6:
		return fmt.Sprintf("%.1f kB/s", rate/1e3)
	}
	return fmt.Sprintf("%.1f MB/s", rate/1e6)
}

// jain is Jain's index of fairness (R. Jain, D. Chiu, W. Hawe, DEC-TR-301, 1984): 1 when all got the same, 1/n when one
// got everything, and 0 when nobody got anything.
func jain(each []int64) float64 {
	var sum, squares float64
	for _, x := range each {
		sum += float64(x)
		squares += float64(x) * float64(x)
	}
	return sum * sum / max(1, float64(len(each))*squares)
}

// TestJain compares Jain's index with values by hand.
func TestJain(t *testing.T) {
	for want, each := range map[float64][]int64{1: {7, 7, 7, 7}, 0.25: {9, 0, 0, 0}, 0.8: {1, 3}, 0: {0, 0}} {
		if got := jain(each); got != want {
			t.Errorf("jain of %v: %v, expected %v", each, got, want)
		}
	}
}

// TestDigest takes percentiles of times that are not sorted.
func TestDigest(t *testing.T) {
	var times []time.Duration
	for i := range 101 {
		times = append(times, time.Duration(100-i)*time.Millisecond)
	}
	if got, want := harness.DigestOf(times).String(), "p50 50.00 ms, p99 99.00 ms, max 100.00 ms"; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
	if got := harness.DigestOf(nil).String(); got != "no reply" {
		t.Errorf("of nothing: %s", got)
	}
}
