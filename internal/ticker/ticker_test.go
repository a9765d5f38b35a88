package ticker_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"prngd/internal/ticker"
)

func TestRun(t *testing.T) {
	before := timers(t)
	for name, run := range map[string]func(context.Context, time.Duration, func()){"Run": ticker.Run, "RunRuntime": ticker.RunRuntime} {
		ctx, cancel := context.WithCancel(t.Context())
		began, ticks := time.Now(), 0
		run(ctx, 10*time.Millisecond, func() {
			if ticks++; ticks == 3 {
				cancel()
			}
		})
		if took := time.Since(began); ticks != 3 || took < 30*time.Millisecond {
			t.Errorf("%s: %d ticks of 10 ms in %v", name, ticks, took)
		}
	}
	if now := timers(t); now != before {
		t.Errorf("%d timer descriptors left, %d before", now, before)
	}
}

// timers counts the timerfds of this process.
func timers(t *testing.T) (n int) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Log(err)
	}
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.Contains(to, "timerfd") {
			n++
		}
	}
	return n
}
