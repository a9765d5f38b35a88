package server

import "time"

// lookEvery bounds how often the deadlines of thousands of connections are
// looked through. They are seconds long.
const lookEvery = instant(10 * time.Millisecond)

// time remembers w if it has a deadline. An idle connection has none.
func (l *loop) time(w *wire) {
	d := w.session.Deadline(l.now)
	if d == never {
		return // if it is in timed, look will find out
	}
	if !w.timed {
		w.timed = true
		l.timed = append(l.timed, w)
	}
	l.wakeAt(d)
}

// wakeAt has look called at t, or a little later.
func (l *loop) wakeAt(t instant) {
	l.wake = min(l.wake, max(t, l.looked+lookEvery))
}

// look runs the sessions whose time has come.
func (l *loop) look() {
	if l.now < l.wake {
		return
	}
	l.wake, l.looked = never, l.now
	kept := l.timed[:0]
	for _, w := range l.timed {
		d := never
		if w.fd >= 0 {
			d = w.session.Deadline(l.now)
		}
		if d == never {
			w.timed = false
			continue
		}
		kept = append(kept, w)
		if d <= l.now {
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
