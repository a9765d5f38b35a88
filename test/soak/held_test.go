//go:build linux

package soak

import (
	"fmt"
	"slices"
	"time"

	"prngd/test/harness"
)

// held is what the daemon's descriptors are, sorted: a path, or "socket".
type held []string

func (w *watcher) held() (held, error) {
	list, err := harness.Descriptors(w.PID)
	return list, err
}

// settled returns them before the load, when the first round of the daemon's
// commands is over: the fewest there are in two seconds.
func (w *watcher) settled() (least held, err error) {
	for begin := time.Now(); time.Since(begin) < 6*time.Second; time.Sleep(100 * time.Millisecond) {
		h, err := w.held()
		if err != nil {
			return nil, err
		}
		if since := time.Since(begin); since > 4*time.Second && (least == nil || len(h) < len(least)) {
			least = h
		}
	}
	return least, nil
}

// returned waits until there are no more than before again, and returns what there
// is then, or in the end.
func (w *watcher) returned(before held) (h held, err error) {
	harness.Await(func() bool {
		h, err = w.held()
		return err != nil || len(h) <= len(before)
	})
	return h, err
}

// left says what there is after the load that was not there before.
func (before held) left(after held) (problems []string) {
	if len(after) <= len(before) {
		return nil
	}
	more := slices.Clone(after)
	for _, h := range before {
		if i := slices.Index(more, h); i >= 0 {
			more = slices.Delete(more, i, i+1)
		}
	}
	return []string{fmt.Sprintf("%d descriptors after the load, %d before: %q", len(after), len(before), more)}
}
