package server

// do has call run by the loop, between two rounds. It is false when the loop
// has ended.
func (l *loop) do(call func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return false
	}
	l.calls = append(l.calls, call)
	if len(l.calls) == 1 {
		ring(l.bell)
	}
	return true
}

// listen runs what was asked for.
func (l *loop) listen() {
	if !l.called {
		return
	}
	l.called = false
	l.mu.Lock()
	calls := l.calls
	l.calls = nil
	l.mu.Unlock()
	for _, call := range calls {
		call()
	}
}

func (l *loop) poke() { l.do(l.wakeWaiting) }

// wakeWaiting has every session that waits for the gate look at it again, and
// every newcomer that waits for a place.
func (l *loop) wakeWaiting() {
	for _, w := range l.wires {
		if w != nil && w.session.Waits() {
			l.again(w)
		}
	}
	l.knock()
}

// stop answers what is complete and closes everything.
func (l *loop) stop() {
	l.do(l.startDrain)
	close(l.halt)
	<-l.done
}

// startDrain reads what has arrived by now. A connection is closed as soon as
// it has nothing more to say.
func (l *loop) startDrain() {
	if l.draining {
		return // parked: not a byte is read
	}
	l.draining, l.drained = true, l.now.after(stopTime/2)
	l.wakeAt(l.drained)
	for _, w := range l.wires {
		if w != nil {
			w.readable = true
			l.again(w)
		}
	}
}

// drain ends the loop when nobody is left, or the time is over.
func (l *loop) drain() {
	if !l.draining || l.count > 0 && l.now < l.drained {
		return
	}
	for _, w := range l.wires {
		if w != nil {
			l.hangUp(w)
		}
	}
	for _, d := range l.doors {
		if d != nil && d.waiting != nil {
			rawClose(d.waiting.fd)
			d.waiting = nil
		}
	}
	l.over = true
}

// eachLink has the loop call do for every connection.
func (l *loop) eachLink(do func(*link, cutter)) {
	l.do(func() {
		for _, w := range l.wires {
			if w != nil {
				do(&w.link, w)
			}
		}
	})
}
