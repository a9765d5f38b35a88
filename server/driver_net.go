package server

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// conn drives one session with a goroutine on package net.
type conn struct {
	server  *Server
	sock    net.Conn
	raw     syscall.RawConn
	peer    peer
	place   *place
	session session
	spoke   bool      // place knows that a command came
	armed   bool      // a deadline may be set on reads, or mu.waiting is
	in      [512]byte // more costs an idle connection too much, less splits a write of 255
	write   attempt

	mu       sync.Mutex
	waiting  bool // for the gate: poke must wake it
	stopping bool
}

// run serves the connection until it is over.
func (c *conn) run() {
	defer c.end()
	for !c.session.Closed() {
		in, err := c.receive()
		if err != nil || c.answer(in) != nil {
			return
		}
		if c.isStopping() {
			c.lastWords()
			return
		}
	}
}

// receive waits for input. It returns none when the session is to look again:
// at a deadline, at a change of the gate, at the end of input.
func (c *conn) receive() ([]byte, error) {
	if c.session.Stuck() {
		return nil, c.awaitWritable()
	}
	room := c.session.Room()
	if room == 0 {
		return nil, c.pause()
	}
	if !c.arm() {
		return nil, nil
	}
	n, err := c.sock.Read(c.in[:min(room, len(c.in))])
	if errors.Is(err, io.EOF) {
		c.session.EOF()
		return nil, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, nil
	}
	return c.in[:n], err
}

// poke wakes the session if it waits for the gate.
func (c *conn) poke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting {
		c.sock.SetReadDeadline(time.Unix(1, 0))
	}
}

// answer runs the session until it waits for its peer or for the gate.
func (c *conn) answer(in []byte) error {
	s := &c.session
	for more := true; more; more = s.More() {
		want := s.Take(in, c.server.gate(), c.server.now())
		clear(in)
		in = nil
		n, err := c.reply(want)
		s.Sent(n, c.server.now())
		if err != nil {
			return err
		}
	}
	if s.completed && !c.spoke {
		c.spoke = true
		c.server.spoke(c.place)
	}
	if s.WaitsLong(c.server.now()) {
		c.server.warnWaiting(s.gate)
	}
	return nil
}

// reply makes the replies of one step and sends what the peer takes at once:
// one write for all of them.
func (c *conn) reply(want int) (int, error) {
	s := &c.session
	if s.Owes() == 0 {
		return 0, nil
	}
	b := c.server.buffers.get()
	defer c.server.buffers.put(b)
	random := b.random[:want]
	if want > 0 && !c.server.pool.Generate(random) {
		random = nil // the gate moved since Take
	}
	reply := s.Reply(b.reply[:0], random)
	defer b.scrub(want, len(reply))
	if len(reply) == 0 {
		return 0, nil
	}
	n, err := c.write.try(c.raw, reply)
	c.server.service.bytesOut.Add(uint64(n))
	return n, err
}

// end closes the connection and gives its place back.
func (c *conn) end() {
	c.sock.Close()
	c.session.abandon()
	c.server.service.ended(c.session.ended)
	if c.session.ended == strange {
		c.server.logStranger(c)
	}
	c.server.leave(c)
}
