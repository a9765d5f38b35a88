package server

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/listen"
	"prngd/internal/prng"
	"prngd/internal/session"
)

// loop drives all sessions on one thread, with epoll. It implements driver and
// parker.
type loop struct {
	core      *core
	poller    poller
	calls     calls
	conns     conns
	timers    timers
	acceptors acceptors
	batch     batch

	drained session.Instant // when to close everything, while draining
	over    bool
	halt    chan struct{} // closed to end even a parked loop
	done    chan struct{} // closed by the loop
}

// canInherit is whether systemDriver adopts connections.
const canInherit = true

// systemDriver makes the driver of this system, with the connections that it
// inherits.
func systemDriver(c *core, inherited []Connection) (driver, error) {
	l, err := newLoop(c, inherited)
	if err != nil {
		return nil, err
	}
	go l.run()
	return l, nil
}

func newLoop(c *core, inherited []Connection) (*loop, error) {
	l := &loop{core: c, halt: make(chan struct{}), done: make(chan struct{})}
	l.calls.poller = &l.poller
	l.conns.service = c.sessions
	l.timers = timers{conns: &l.conns, now: c.now(), wake: session.Never}
	l.acceptors = acceptors{core: c, poller: &l.poller, conns: &l.conns, timers: &l.timers, calls: &l.calls}
	l.batch = batch{core: c, poller: &l.poller, conns: &l.conns, timers: &l.timers, acceptors: &l.acceptors}
	if err := l.batch.open(); err != nil {
		return nil, err
	}
	if err := l.poller.open(); err != nil {
		return nil, err
	}
	if runtime.GOMAXPROCS(0) == 1 {
		runtime.GOMAXPROCS(2) // a busy loop keeps one: the kernel shares out the core, not the runtime
	}
	for i := range inherited {
		l.inherit(&inherited[i])
	}
	return l, nil
}

// inherit makes a connection of what another process parked, which is run at once.
func (l *loop) inherit(saved *Connection) {
	c := l.conns.make(int32(saved.FD))
	c.load(saved, l.timers.now)
	l.core.admission.inherit(&c.connBase, saved.quotaKey(), c, l.timers.now.Ago(saved.Age))
	l.conns.add(c)
}

// run serves until stop.
func (l *loop) run() {
	quiet := prng.BeginQuiet() // all its life
	defer quiet.End()
	defer close(l.done)
	defer l.close()
	for !l.over {
		l.round(l.wait())
	}
}

// close gives back what newLoop made.
func (l *loop) close() {
	l.calls.close()
	l.batch.close()
}

// wait returns how many events there are, 0 at a deadline.
func (l *loop) wait() int {
	if l.conns.scheduled() || l.acceptors.pending {
		return l.poller.poll(0)
	}
	return l.poller.wait(l.left)
}

// left is the time to the next deadline.
func (l *loop) left() time.Duration { return l.timers.left(l.core.now()) }

// round deals with so many events, and with all that is due.
func (l *loop) round(events int) {
	l.timers.now, l.batch.gate = l.core.now(), l.core.gate()
	for i := range events {
		l.event(&l.poller.events[i])
	}
	l.acceptors.acceptPending()
	l.batch.run()
	if l.timers.due() {
		l.timers.run()
		l.acceptors.retry()
	}
	l.calls.run()
	l.drain()
}

// event passes an event to what it is for.
func (l *loop) event(e *unix.EpollEvent) {
	switch mark := e.Pad; {
	case mark == ownMark && int(e.Fd) == l.poller.wakeFD:
		l.poller.woken()
		l.calls.woken = true
	case mark == ownMark:
		l.poller.ticker.ticked()
	case mark < 0:
		l.poller.ticker.busy = true
		l.acceptors.event(mark)
	default:
		l.poller.ticker.busy = true
		if c := l.conns.find(e.Fd, mark); c != nil {
			c.event(e.Events)
		}
	}
}

func (l *loop) call(f func()) bool { return l.calls.add(f) }

func (l *loop) serve(ln *listen.Listener) { l.call(func() { l.acceptors.add(ln) }) }

func (l *loop) recheck() { l.call(l.wakeWaiting) }

// wakeWaiting has every session that waits for a seed look at the state again, and
// every connection that waits for a slot.
func (l *loop) wakeWaiting() {
	for c := range l.conns.all() {
		if c.session.Waits() {
			l.conns.schedule(c)
		}
	}
	l.acceptors.retryAdmission()
}

// eachConn has the loop call do for every connection.
func (l *loop) eachConn(do func(*connBase, forceCloser)) {
	l.call(func() {
		for c := range l.conns.all() {
			do(&c.connBase, c)
		}
	})
}

// stop answers what is complete and closes everything.
func (l *loop) stop() {
	l.call(l.startDrain)
	close(l.halt)
	<-l.done
}

// startDrain reads what has arrived by now. A connection is closed as soon as it has
// nothing more to do.
func (l *loop) startDrain() {
	if l.conns.draining {
		return // parked: not a byte is read
	}
	l.conns.draining, l.drained = true, l.timers.now.After(stopTime/2)
	l.timers.wakeAt(l.drained)
	for c := range l.conns.all() {
		c.readable = true
		l.conns.schedule(c)
	}
}

// drain ends the loop when no connection is left, or the time is over.
func (l *loop) drain() {
	if !l.conns.draining || l.conns.count > 0 && l.timers.now < l.drained {
		return
	}
	for c := range l.conns.all() {
		l.batch.hangUp(c)
	}
	l.acceptors.closeWaiting()
	l.over = true
}

func (l *loop) park(p *parking) bool { return l.call(func() { l.stay(p) }) }

func (l *loop) ended() <-chan struct{} { return l.done }

// stay keeps the loop from doing anything until Resume, or the end.
func (l *loop) stay(p *parking) {
	p.parked <- l.save()
	select {
	case <-p.resume:
	case <-l.halt:
		l.conns.draining = true // and drained is long ago: nothing more is read
	}
}

// save returns every accepted connection, with a slot or without.
func (l *loop) save() []Connection {
	now := l.core.now()
	saved := make([]Connection, 0, l.conns.count)
	for c := range l.conns.all() {
		saved = append(saved, c.save(int(c.fd), now))
	}
	for _, a := range l.acceptors.list {
		if a != nil && a.waiting != nil {
			saved = append(saved, a.waiting.save(int(a.waiting.fd), now))
		}
	}
	return saved
}
