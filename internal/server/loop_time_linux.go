package server

import (
	"slices"
	"time"
)

// lookEvery bounds how often the deadlines of thousands of connections are
// looked through. They are seconds long.
const lookEvery = instant(10 * time.Millisecond)

// time remembers w if it has a deadline. An idle connection has none.
func (l *loop) time(w *wire) {
	d := l.deadline(w)
	if d == never {
		return // if it is in timed, look will find out
	}
	if !w.timed {
		w.timed = true
		l.timed = append(l.timed, w)
		l.forgetGone()
	}
	l.wakeAt(d)
}

// repose has w tried again after a rest: once where epoll said what a call then
// denied, since it says so only once; a peer could have both go on for ever.
func (l *loop) repose(w *wire) {
	w.rest = l.now.after(restTime)
	l.time(w)
}

// deadline is when to run w though nothing has happened to it.
func (l *loop) deadline(w *wire) instant {
	d := w.session.Deadline(l.now)
	if w.rest != 0 {
		d = min(d, w.rest)
	}
	return d
}

// forgetGone keeps timed from growing with all who began a request and went: it
// is looked through only when a request gets old, and by then there were 50,000
// of them a second.
func (l *loop) forgetGone() {
	if len(l.timed) > 2*l.count+64 {
		l.timed = slices.DeleteFunc(l.timed, func(w *wire) bool { return w.fd < 0 })
	}
}

// wakeAt has look called at t, or a little later.
func (l *loop) wakeAt(t instant) {
	l.wake = min(l.wake, max(t, l.looked+lookEvery))
}

// look runs the sessions whose time has come.
func (l *loop) look() {
	if l.now < l.wake || l.spare() {
		return
	}
	l.wake, l.looked = never, l.now
	kept := l.timed[:0]
	for _, w := range l.timed {
		d := never
		if w.fd >= 0 {
			d = l.deadline(w)
		}
		if d == never {
			w.timed = false
			continue
		}
		kept = append(kept, w)
		if d <= l.now {
			w.rest, w.readable = 0, true // what has come meanwhile is read before anybody is judged
			l.again(w)
		} else {
			l.wakeAt(d)
		}
	}
	clear(l.timed[len(kept):])
	l.timed = kept
	for _, d := range l.doors {
		l.retry(d)
	}
}

// late is by how much the loop looks too late when it was stopped: by a signal,
// with its machine, by a cgroup that was frozen.
const late = time.Second

// spare gives everybody a moment more after such a stop. Those whose time ran out
// in it may have been stopped as well, in the middle of a request.
func (l *loop) spare() bool {
	if l.draining || l.now < l.wake.after(late) {
		return false
	}
	l.wake = never
	l.wakeAt(l.now.after(late / 4))
	return true
}
