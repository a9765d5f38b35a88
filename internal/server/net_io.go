package server

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/session"
)

// recheck wakes the session if it waits for a seed.
func (c *netConn) recheck() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting {
		c.sock.SetReadDeadline(time.Unix(1, 0))
	}
}

// arm sets the deadline of the next read. It returns false if the generator's state
// has changed since the session looked: waiting is set first and the state read
// second, recheck does it the other way round, so no change is slept through.
func (c *netConn) arm() bool {
	s := &c.session
	deadline, waits := s.Deadline(c.core.now()), s.Waits()
	if !c.armed && deadline == session.Never && !waits {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = deadline != session.Never || waits
	c.waiting = waits
	if !c.stopping { // then it lies in the past, and stays there
		c.sock.SetReadDeadline(c.core.timeOf(deadline))
	}
	return !waits || c.core.gate() == s.Gate()
}

// pauseTime is how often a session that waits for a seed and must not read finds out
// whether its peer is still there.
const pauseTime = time.Second

var errGone = errors.New("the peer is gone")

// pause waits for a seed where reading is no way to wait: after the end of input, and
// with session.QueueBytes of requests in hand.
func (c *netConn) pause() error {
	changed := c.core.generator.Changed()
	if c.core.gate() != c.session.Gate() {
		return nil
	}
	now := c.core.now()
	wait := min(c.session.Deadline(now)-now, session.Instant(pauseTime))
	timer := time.NewTimer(time.Duration(wait))
	defer timer.Stop()
	select {
	case <-changed:
	case <-c.driver.stopped:
	case <-timer.C:
	}
	gone := false
	err := c.raw.Control(func(fd uintptr) { gone = hungUp(int(fd)) })
	if err == nil && gone {
		err = errGone
	}
	return err
}

// awaitWritable waits until the peer has made room for more.
func (c *netConn) awaitWritable() error {
	if c.write.starved {
		c.retryLater() // the socket has room, the kernel has none
		return nil
	}
	c.setWriteDeadline(c.session.Deadline(c.core.now()))
	defer c.setWriteDeadline(session.Never)
	err := c.raw.Write(func(fd uintptr) bool { return writable(int(fd)) })
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func (c *netConn) setWriteDeadline(t session.Instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopping {
		c.sock.SetWriteDeadline(c.core.timeOf(t))
	}
}

// retryLater waits for retryTime, or for the end of the server.
func (c *netConn) retryLater() {
	timer := time.NewTimer(retryTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.driver.stopped:
	}
}

// readArrived reads what came just before a deadline, or while the server was
// stopped: package net says that the time is over before it looks.
func (c *netConn) readArrived(in []byte) (got []byte, err error) {
	cerr := c.raw.Control(func(fd uintptr) {
		n, rerr := unix.Read(int(fd), in)
		switch {
		case n > 0:
			got = in[:n]
		case n == 0 && rerr == nil:
			c.session.EOF()
		case rerr != unix.EAGAIN && rerr != unix.EINTR && !scarce(rerr):
			err = rerr
		}
	})
	return got, errors.Join(cerr, err)
}

// stop wakes the session for the last time.
func (c *netConn) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	c.sock.SetReadDeadline(time.Unix(1, 0))
	c.sock.SetWriteDeadline(time.Now().Add(stopTime / 2))
}

// forceClose ends the connection in whatever it does.
func (c *netConn) forceClose() { c.sock.Close() }

func (c *netConn) isStopping() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopping
}

// answerArrived answers what has arrived by now, without waiting for anything.
func (c *netConn) answerArrived() {
	c.sock.SetReadDeadline(time.Now().Add(stopTime))
	for !c.session.Closed() && c.session.Room() > 0 {
		n, err := 0, error(nil)
		in := c.in[:min(c.session.Room(), len(c.in))]
		if c.raw.Read(func(fd uintptr) bool {
			n, err = unix.Read(int(fd), in)
			return true
		}) != nil || err != nil || n <= 0 || c.answer(in[:n]) != nil {
			return
		}
	}
}

// nonblockingWrite is one write that does not wait. It keeps its function value, so
// that a write allocates nothing.
type nonblockingWrite struct {
	p       []byte
	n       int
	err     error
	starved bool // the kernel was short of something
	call    func(fd uintptr) bool
}

// try writes what the peer has room for now. A write to a socket whose peer is gone
// is an error here: Go lets SIGPIPE end a process for descriptors 1 and 2 alone, and
// only in package os.
func (w *nonblockingWrite) try(raw syscall.RawConn, p []byte) (int, error) {
	if w.call == nil {
		w.call = w.once
	}
	w.p, w.n, w.err, w.starved = p, 0, nil, false
	err := raw.Write(w.call)
	w.p = nil
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

func (w *nonblockingWrite) once(fd uintptr) bool {
	for {
		n, err := unix.Write(int(fd), w.p)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		w.took(max(n, 0), err)
		return true
	}
}

// took notes the outcome. Neither a full socket nor a kernel that is short of memory
// is the end of a connection.
func (w *nonblockingWrite) took(n int, err error) {
	w.n, w.starved = n, scarce(err)
	if !w.starved && !errors.Is(err, unix.EAGAIN) {
		w.err = err
	}
}

// writable reports whether a write would take something, or fail, at once.
func writable(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
}
