package server

import (
	"time"

	"golang.org/x/sys/unix"
)

// stopTime bounds what connections still get to send when Serve ends.
const stopTime = 500 * time.Millisecond

func (s *Server) stop() {
	s.mu.Lock()
	s.stopping = true
	for l := range s.listeners {
		l.Close() // newcomers are refused from here on
	}
	s.room.Broadcast()
	s.mu.Unlock()
	s.driver.stop()
	close(s.stopped)
}

func (d *netDriver) stop() {
	d.accepting.Wait()
	close(d.stopped)
	d.eachConn((*conn).stop)
	cut := time.AfterFunc(stopTime, func() { d.eachConn((*conn).cut) })
	defer cut.Stop()
	d.running.Wait()
}

// stop wakes the session for the last time.
func (c *conn) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	c.sock.SetReadDeadline(time.Unix(1, 0))
	c.sock.SetWriteDeadline(time.Now().Add(stopTime / 2))
}

// cut ends the connection in whatever it does.
func (c *conn) cut() { c.sock.Close() }

func (c *conn) isStopping() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopping
}

// lastWords answers what has arrived by now, without waiting for anything.
func (c *conn) lastWords() {
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
