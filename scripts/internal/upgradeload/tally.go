package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
)

// tally counts what became of all requests.
type tally struct {
	mu                                 sync.Mutex
	replies                            int
	failed, short, repeated, misframed int
	longest                            time.Duration
	seen                               map[uint64]struct{} // the first bytes of every random reply
	firstFailure                       error
}

var (
	errShort     = errors.New("a short reply")
	errMisframed = errors.New("not the bytes that had to come here")
)

// add counts one conversation's end.
func (t *tally) add(replies int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replies += replies
	if err == nil {
		return
	}
	switch {
	case errors.Is(err, errShort):
		t.short++
	case errors.Is(err, errMisframed):
		t.misframed++
	default:
		t.failed++
	}
	if t.firstFailure == nil {
		t.firstFailure = err
	}
}

// random notes output that nobody may have got before.
func (t *tally) random(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for ; len(b) >= 16; b = b[16:] {
		key := binary.BigEndian.Uint64(b)
		if _, twice := t.seen[key]; twice || bytes.Equal(b[:8], b[8:16]) {
			t.repeated++
		}
		t.seen[key] = struct{}{}
		if len(t.seen) > 4<<20 { // 2^44 pairs: 1 in 10^6 by chance
			clear(t.seen)
		}
	}
}

func (t *tally) took(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.longest = max(t.longest, d)
}

func (t *tally) lost() int { return t.failed + t.short + t.repeated + t.misframed }

// String is the summary that scripts read: key=value, in one line.
func (t *tally) String() string {
	s := fmt.Sprintf("replies=%d lost=%d failed=%d short=%d repeated=%d misframed=%d longest_pause_ms=%.1f",
		t.replies, t.lost(), t.failed, t.short, t.repeated, t.misframed, t.longest.Seconds()*1000)
	if t.firstFailure != nil {
		s += fmt.Sprintf(" first=%q", t.firstFailure)
	}
	return s
}
