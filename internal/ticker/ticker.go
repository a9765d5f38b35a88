// Package ticker ticks without keeping an idle process busy.
//
// Go's runtime waits for its next timer in epoll_wait(2), which Linux ends up to a
// thousandth of the wait too late. Meanwhile the runtime's monitor thread looks
// every 20 us whether the timer has been served. A timerfd is on time. See
// docs/entropy.md, "Idle cost", for figures.
package ticker

import (
	"context"
	"time"
)

// Run calls f each time that every has passed, until ctx ends. Ticks for which f
// is too slow are dropped.
func Run(ctx context.Context, every time.Duration, f func()) {
	if runTimerFD(ctx, every, f) {
		return
	}
	RunRuntime(ctx, every, f)
}

// RunRuntime is Run with a timer of Go's runtime.
func RunRuntime(ctx context.Context, every time.Duration, f func()) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			f()
		case <-ctx.Done():
			return
		}
	}
}
