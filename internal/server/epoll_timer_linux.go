package server

import (
	"math"
	"slices"
	"time"

	"prngd/internal/session"
)

const (
	// timerInterval bounds how often the deadlines of thousands of connections are
	// looked through. They are seconds long.
	timerInterval = 10 * time.Millisecond
	// stoppedTime is by how much the loop looks too late when it was stopped: by a
	// signal, with its machine, by a cgroup that was frozen.
	stoppedTime = time.Second
)

// timers are the deadlines of an event loop.
type timers struct {
	conns  *conns
	now    session.Instant // of this round
	list   []*conn         // those that may have a deadline
	wake   session.Instant // when to look at them
	looked session.Instant // when that was done last
}

// add remembers c if it has a deadline. An idle connection has none.
func (t *timers) add(c *conn) {
	d := c.deadline(t.now)
	if d == session.Never {
		return // if it is in the list, run finds out
	}
	if !c.timed {
		c.timed = true
		t.list = append(t.list, c)
		t.forgetClosed()
	}
	t.wakeAt(d)
}

// forgetClosed keeps the list from growing with the connections that began a request
// and were closed: it is looked through only when a request gets old, and by then
// there were 50,000 of them a second.
func (t *timers) forgetClosed() {
	if len(t.list) > 2*t.conns.count+64 {
		t.list = slices.DeleteFunc(t.list, func(c *conn) bool { return c.fd < 0 })
	}
}

// wakeAt has the timers be due at at, or a little later.
func (t *timers) wakeAt(at session.Instant) {
	t.wake = min(t.wake, max(at, t.looked.After(timerInterval)))
}

// left returns how long it is until the timers are due.
func (t *timers) left(now session.Instant) time.Duration {
	if t.wake == session.Never {
		return math.MaxInt64
	}
	return max(0, time.Duration(t.wake-now))
}

// due reports whether to run the timers in this round.
func (t *timers) due() bool { return t.now >= t.wake && !t.postpone() }

// postpone gives everybody a moment more when the loop looks so late that it was
// stopped. Peers whose time ran out meanwhile may have been stopped as well, in the
// middle of a request.
func (t *timers) postpone() bool {
	if t.conns.draining || t.now < t.wake.After(stoppedTime) {
		return false
	}
	t.wake = session.Never
	t.wakeAt(t.now.After(stoppedTime / 4))
	return true
}

// run schedules the connections whose time has come.
func (t *timers) run() {
	t.wake, t.looked = session.Never, t.now
	kept := t.list[:0]
	for _, c := range t.list {
		d := session.Never
		if c.fd >= 0 {
			d = c.deadline(t.now)
		}
		if d == session.Never {
			c.timed = false
			continue
		}
		kept = append(kept, c)
		if d <= t.now {
			c.retryAt, c.readable = 0, true // what has come meanwhile is read before anybody is judged
			t.conns.schedule(c)
		} else {
			t.wakeAt(d)
		}
	}
	clear(t.list[len(kept):])
	t.list = kept
}
