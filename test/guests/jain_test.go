//go:build linux

package guests

import (
	"testing"
	"time"

	"prngd/test/harness"
)

// TestJain compares Jain's index with values by hand.
func TestJain(t *testing.T) {
	for _, c := range []struct {
		each []int64
		want float64
	}{
		{[]int64{7, 7, 7, 7}, 1},
		{[]int64{9, 0, 0, 0}, 0.25},
		{[]int64{1, 3}, 0.8},
		{[]int64{0, 0}, 0},
	} {
		if got := jain(c.each); got != c.want {
			t.Errorf("jain of %v: %v, expected %v", c.each, got, c.want)
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
