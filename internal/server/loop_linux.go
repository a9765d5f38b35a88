package server

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/prng"
)

const (
	// roundBytes is what one Generate makes at most for all requests of a
	// wake-up.
	roundBytes = prng.MaxBytesPerRequest
	// roundEvents is how many connections one wake-up looks at.
	roundEvents = 256
)

// loop drives all sessions on one thread. Each round it takes the input of
// every connection that has some, makes the random bytes for all of it at once,
// and sends the replies.
//
// Connections are watched edge-triggered: an event sets readable, and a short
// read ends it. So what a session has no room for stays in the socket without
// another system call, and a reply costs one read and one write.
type loop struct {
	server *Server
	epoll  int
	bell   int // eventfd: somebody has put something into calls
	pulse  pulse
	wires  []*wire // by descriptor
	doors  []*door // nil: closed
	ajar   bool    // a door has more newcomers to let in at once
	count  int     // of wires
	marks  int32   // given out so far

	now   instant // of this round
	gate  gate
	tally tally

	ready, next []*wire // to be run in this round, and in the one after it
	heavy       []*wire // to be run after them, some in each round
	batch       []*wire // have taken input, wait for random bytes
	wanted      int     // random bytes for batch
	timed       []*wire // those that may have a deadline
	wake        instant // when to look at them
	looked      instant // when that was done last

	in            []byte // secret memory, as clients may write secrets
	random, reply []byte
	events        [roundEvents]unix.EpollEvent

	draining bool    // the server stops: close what has nothing to say
	drained  instant // when to close everything else
	over     bool
	halt     chan struct{} // closed to end even a parked loop
	done     chan struct{} // closed by the loop

	called bool // the bell rang
	mu     sync.Mutex
	calls  []func() // to be run between two rounds
	gone   bool     // there will be no more rounds
}

func newLoop(s *Server) (*loop, error) {
	l := &loop{server: s, wake: never, halt: make(chan struct{}), done: make(chan struct{})}
	m, err := prng.NewSecret(queueBytes + roundBytes + stepBytes)
	if err != nil {
		return nil, fmt.Errorf("making reply buffers: %w", err)
	}
	l.in, m = m[:queueBytes], m[queueBytes:]
	l.random, l.reply = m[:roundBytes], m[roundBytes:]
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("making an epoll instance: %w", err)
	}
	if l.bell, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(l.epoll)
		return nil, fmt.Errorf("making an eventfd: %w", err)
	}
	if l.pulse.fd, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		unix.Close(l.epoll)
		unix.Close(l.bell)
		return nil, fmt.Errorf("making a timer: %w", err)
	}
	for _, fd := range []int{l.bell, l.pulse.fd} {
		if err := l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN|unix.EPOLLET, ownMark); err != nil {
			l.close()
			return nil, fmt.Errorf("watching a descriptor: %w", err)
		}
	}
	if runtime.GOMAXPROCS(0) == 1 {
		runtime.GOMAXPROCS(2) // a busy loop keeps one: the kernel shares out the core, not the runtime
	}
	l.inherit()
	return l, nil
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

// round deals with so many events, and with all that is due.
func (l *loop) round(events int) {
	l.now, l.gate = l.server.now(), l.server.gate()
	for i := range events {
		l.event(&l.events[i])
	}
	l.openAll()
	l.ready, l.next = l.next, l.ready[:0]
	for _, w := range l.ready {
		l.take(w)
	}
	l.answer()
	if len(l.heavy) > 0 {
		l.gate = l.server.gate() // a write of this round may have opened it
		l.takeHeavy()
		l.answer()
	}
	l.server.service.publish(&l.tally)
	l.look()
	l.listen()
	l.drain()
}

// event notes what happened to whom.
func (l *loop) event(e *unix.EpollEvent) {
	switch mark := e.Pad; {
	case mark == ownMark && int(e.Fd) == l.bell:
		silence(l.bell)
		l.called = true
	case mark == ownMark:
		l.pulse.beat()
	case mark < 0:
		l.pulse.busy = true
		if d := l.doors[-mark-1]; d != nil {
			d.called = true
			l.open(d)
		}
	default:
		l.pulse.busy = true
		w := l.wires[e.Fd]
		if w == nil || w.mark != mark {
			return // closed in this round, its descriptor given to another
		}
		if e.Events&^unix.EPOLLOUT != 0 {
			w.readable, w.offered = true, true
		}
		w.roomy = w.roomy || e.Events&unix.EPOLLOUT != 0
		w.hungUp = w.hungUp || e.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0
		w.ending = w.ending || e.Events&unix.EPOLLRDHUP != 0
		if !w.blocked || w.hungUp || e.Events&unix.EPOLLOUT != 0 {
			l.again(w) // one that cannot write yet need not try for what else it was sent
		}
	}
}

// again has w run in the next round, or in this one before it has begun. One
// with a lot to do has to wait for its turn.
func (l *loop) again(w *wire) {
	switch {
	case w.queued:
		return
	case w.heavy:
		l.heavy = append(l.heavy, w)
	default:
		l.next = append(l.next, w)
	}
	w.queued = true
}

// wait returns how many events there are, 0 at a deadline.
func (l *loop) wait() int {
	switch {
	case len(l.next) > 0 || len(l.heavy) > 0 || l.ajar:
		return l.poll(0)
	case l.pulse.beating:
		return l.poll(math.MaxInt64)
	}
	n := l.sleep(l.left())
	l.pulse.start()
	return n
}

// left is the time to the next deadline.
func (l *loop) left() time.Duration {
	if l.wake == never {
		return math.MaxInt64
	}
	return max(0, time.Duration(l.wake-l.server.now()))
}

// close gives back what newLoop made.
func (l *loop) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	unix.Close(l.epoll)
	unix.Close(l.bell)
	unix.Close(l.pulse.fd)
	clear(l.in)
	clear(l.random)
	clear(l.reply)
}
