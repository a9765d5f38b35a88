//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// held is what the daemon's descriptors are, sorted: a path, or "socket".
type held []string

// held reads them from /proc.
func (w *watcher) held() (h held, err error) {
	dir := fmt.Sprintf("/proc/%d/fd", w.pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading descriptors: %w", err)
	}
	for _, e := range entries {
		if to, err := os.Readlink(dir + "/" + e.Name()); err == nil { // else it is closed by now
			what, _, _ := strings.Cut(to, ":[")
			h = append(h, what)
		}
	}
	slices.Sort(h)
	return h, nil
}

// settled returns them before the load, when the first round of the daemon's
// commands is over: the fewest there are in two seconds.
func (w *watcher) settled() (least held, err error) {
	for begin := time.Now(); time.Since(begin) < 6*time.Second; time.Sleep(100 * ms) {
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
	for give := time.Now().Add(patience); ; time.Sleep(100 * ms) {
		if h, err = w.held(); err != nil || len(h) <= len(before) || time.Now().After(give) {
			return h, err
		}
	}
}

// left says what there is after the load that was not there before.
func (before held) left(after held) (problems []string) {
	fmt.Printf("descriptors: %d before the load, %d after it\n", len(before), len(after))
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
