package server

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// arm sets the deadline of the next read. It returns false if the gate has
// moved since the session looked: waiting is set first and the gate read
// second, poke does it the other way round, so no change is slept through.
func (c *conn) arm() bool {
	s := &c.session
	deadline, waits := s.Deadline(c.server.now()), s.Waits()
	if !c.armed && deadline == never && !waits {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = deadline != never || waits
	c.waiting = waits
	if !c.stopping { // then it lies in the past, and stays there
		c.sock.SetReadDeadline(c.server.wall(deadline))
	}
	return !waits || c.server.gate() == s.gate
}

// pauseTime is how often a session that waits for the gate and must not read
// finds out whether its peer is still there.
const pauseTime = time.Second

var errGone = errors.New("the peer is gone")

// pause waits for the gate where reading is no way to wait: after the end of
// input, and with 4 KiB of requests in hand.
func (c *conn) pause() error {
	changed := c.server.pool.Changed()
	if c.server.gate() != c.session.gate {
		return nil
	}
	now := c.server.now()
	wait := min(c.session.Deadline(now)-now, instant(pauseTime))
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
func (c *conn) awaitWritable() error {
	if c.write.starve {
		return c.rest() // the socket has room, the kernel has none
	}
	c.setWriteDeadline(c.session.Deadline(c.server.now()))
	defer c.setWriteDeadline(never)
	err := c.raw.Write(func(fd uintptr) bool { return writable(int(fd)) })
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func (c *conn) setWriteDeadline(t instant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopping {
		c.sock.SetWriteDeadline(c.server.wall(t))
	}
}

// restTime is how long a connection rests for which the kernel was short of
// memory or of something else that others give back.
const restTime = 20 * time.Millisecond

func (c *conn) rest() error {
	timer := time.NewTimer(restTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.driver.stopped:
	}
	return nil
}

// lastLook reads what came just before a deadline, or while we were stopped:
// package net says that the time is over before it looks.
func (c *conn) lastLook(in []byte) (got []byte, err error) {
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
