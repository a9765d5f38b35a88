package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"prngd/internal/listen"
	"prngd/internal/prng"
	"prngd/internal/session"
)

// netDriver serves with a goroutine for each connection on package net.
type netDriver struct {
	core      *core
	buffers   replyBuffers
	stopped   chan struct{}
	accepting sync.WaitGroup
	running   sync.WaitGroup // connections

	mu    sync.Mutex
	conns map[*netConn]struct{}
}

// newNetDriver makes a driver that inherits no connections.
func newNetDriver(c *core, _ []Connection) (driver, error) {
	d := &netDriver{core: c, conns: make(map[*netConn]struct{}), stopped: make(chan struct{})}
	return d, d.buffers.open()
}

func (d *netDriver) serve(l *listen.Listener) { d.accepting.Go(func() { d.accept(l) }) }

// recheck wakes sessions that wait for a seed; admission wakes connections that wait
// for a slot.
func (d *netDriver) recheck() { d.each((*netConn).recheck) }

func (d *netDriver) eachConn(do func(*connBase, forceCloser)) {
	d.each(func(c *netConn) { do(&c.connBase, c) })
}

func (d *netDriver) each(do func(*netConn)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		do(c)
	}
}

// call runs f at once: there is no event loop.
func (d *netDriver) call(f func()) bool { f(); return true }

func (d *netDriver) stop() {
	d.accepting.Wait()
	close(d.stopped)
	d.each((*netConn).stop)
	timer := time.AfterFunc(stopTime, func() { d.each((*netConn).forceClose) })
	defer timer.Stop()
	d.running.Wait()
}

// start runs a connection that has its slot.
func (d *netDriver) start(c *netConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns[c] = struct{}{}
	d.running.Go(c.run)
}

func (d *netDriver) forget(c *netConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
}

// netConn drives one session.
type netConn struct {
	connBase
	driver *netDriver
	core   *core
	sock   net.Conn
	raw    syscall.RawConn
	armed  bool      // a deadline may be set on reads, or mu.waiting is
	in     [512]byte // more costs an idle connection too much, less splits a write of 255
	write  nonblockingWrite
	tally  session.Tally

	mu       sync.Mutex
	waiting  bool // for a seed: recheck must wake it
	stopping bool
}

// run serves the connection until it is over.
func (c *netConn) run() {
	defer c.end()
	for !c.session.Closed() {
		in, err := c.receive()
		if err != nil || c.answer(in) != nil {
			return
		}
		if c.isStopping() {
			c.answerArrived()
			return
		}
	}
}

// receive waits for input. It returns none when the session is to look again: at a
// deadline, at a change of the generator's state, at the end of input.
func (c *netConn) receive() ([]byte, error) {
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
		return c.readArrived(c.in[:min(room, len(c.in))])
	case scarce(err):
		c.retryLater()
		return nil, nil
	}
	return c.in[:n], err
}

// answer runs the session until it waits for its peer or for a seed.
func (c *netConn) answer(in []byte) error {
	s := &c.session
	for more := true; more; more = s.More() {
		want := s.Take(in, c.core.gate(), c.core.now())
		clear(in)
		in = nil
		n, err := c.reply(want)
		s.Sent(n, c.core.now())
		c.core.sessions.Publish(&c.tally)
		if err != nil {
			return err
		}
	}
	c.core.noteStep(&c.connBase, c.core.now())
	return nil
}

// reply makes the replies of one step and sends what the peer takes at once: one
// write for all of them.
func (c *netConn) reply(want int) (int, error) {
	s := &c.session
	if s.Owes() == 0 {
		return 0, nil
	}
	quiet := prng.BeginQuiet()
	defer quiet.End()
	b := c.driver.buffers.get()
	defer c.driver.buffers.put(b)
	random := b.random[:want]
	if want > 0 && !c.core.generator.Generate(random) {
		random = nil // the state changed since Take
	}
	reply := s.Reply(b.reply[:0], random)
	defer b.erase(want, len(reply))
	if len(reply) == 0 {
		return 0, nil
	}
	n, err := c.write.try(c.raw, reply)
	c.tally.BytesOut += uint64(n)
	return n, err
}

// end closes the connection and gives its slot back.
func (c *netConn) end() {
	c.sock.Close()
	c.core.leave(&c.connBase)
	c.driver.forget(c)
}

// replyBuffer is where one step makes its replies, in memory for secrets.
type replyBuffer struct {
	random, reply []byte // session.StepBytes each
}

// erase clears what a step of so many bytes left.
func (b *replyBuffer) erase(random, reply int) {
	clear(b.random[:random])
	clear(b.reply[:reply])
}

// replyBuffers lends buffers. A few are enough for any number of connections,
// because a step never waits for its peer: what is not taken is made afresh.
type replyBuffers struct {
	free chan *replyBuffer
	mu   sync.Mutex
	made int
}

// open makes the first buffer; others follow as they are needed.
func (b *replyBuffers) open() error {
	b.free = make(chan *replyBuffer, 2*runtime.GOMAXPROCS(0))
	first, err := b.make()
	if err != nil {
		return fmt.Errorf("making a reply buffer: %w", err)
	}
	b.free <- first
	return nil
}

func (b *replyBuffers) get() *replyBuffer {
	select {
	case got := <-b.free:
		return got
	default:
	}
	if got, err := b.make(); err == nil && got != nil {
		return got
	}
	return <-b.free
}

func (b *replyBuffers) put(used *replyBuffer) { b.free <- used }

// make maps one more, or returns nil if there are enough.
func (b *replyBuffers) make() (*replyBuffer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made == cap(b.free) {
		return nil, nil
	}
	m, err := prng.NewSecret(2 * session.StepBytes)
	if err != nil {
		return nil, err
	}
	b.made++
	return &replyBuffer{random: m[:session.StepBytes], reply: m[session.StepBytes:]}, nil
}
