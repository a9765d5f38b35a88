package server

import (
	"errors"
	"os"
	"time"
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
