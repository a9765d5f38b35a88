package server

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"prngd/internal/listen"
	"prngd/internal/prng"
)

// netDriver serves with a goroutine for each connection on package net.
type netDriver struct {
	server    *Server
	buffers   buffers
	conns     map[*conn]struct{} // guarded by the server's mu
	stopped   chan struct{}
	accepting sync.WaitGroup
	running   sync.WaitGroup // connections
}

func newNetDriver(s *Server) (driver, error) {
	d := &netDriver{server: s, conns: make(map[*conn]struct{}), stopped: make(chan struct{})}
	return d, d.buffers.prepare()
}

func (d *netDriver) serve(l *listen.Listener) { d.accepting.Go(func() { d.accept(l) }) }

// poke makes every session that waits for the gate look at it again.
func (d *netDriver) poke() { d.eachConn((*conn).poke) }

func (d *netDriver) eachLink(do func(*link, cutter)) { d.eachConn(func(c *conn) { do(&c.link, c) }) }

func (d *netDriver) eachConn(do func(*conn)) {
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	for c := range d.conns {
		do(c)
	}
}

// conn drives one session.
type conn struct {
	link
	driver *netDriver
	server *Server
	sock   net.Conn
	raw    syscall.RawConn
	armed  bool      // a deadline may be set on reads, or mu.waiting is
	in     [512]byte // more costs an idle connection too much, less splits a write of 255
	write  attempt
	tally  tally

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
	switch {
	case errors.Is(err, io.EOF):
		c.session.EOF()
		return nil, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return c.lastLook(c.in[:min(room, len(c.in))])
	case scarce(err):
		return nil, c.rest()
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
		c.server.service.publish(&c.tally)
		if err != nil {
			return err
		}
	}
	c.server.note(&c.link, c.server.now())
	return nil
}

// reply makes the replies of one step and sends what the peer takes at once:
// one write for all of them.
func (c *conn) reply(want int) (int, error) {
	s := &c.session
	if s.Owes() == 0 {
		return 0, nil
	}
	quiet := prng.BeginQuiet()
	defer quiet.End()
	b := c.driver.buffers.get()
	defer c.driver.buffers.put(b)
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
	c.tally.bytesOut += uint64(n)
	return n, err
}

// end closes the connection and gives its place back.
func (c *conn) end() {
	c.sock.Close()
	c.server.leave(&c.link)
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.driver.conns, c)
}
