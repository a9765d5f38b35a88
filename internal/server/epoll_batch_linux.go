package server

import (
	"fmt"
	"slices"

	"prngd/internal/prng"
	"prngd/internal/session"
)

// batchBytes is what one Generate makes at most for all requests of a wake-up.
const batchBytes = prng.MaxBytesPerRequest

// batch runs the steps of connections. It takes the input of every connection that
// has some, makes the random bytes for all of it at once, and sends the replies.
//
// Interactive connections are served before bulk ones: in every round all of the
// former, and of the latter no more than takes half a millisecond. Otherwise a round
// is as long as all floods together: 200 connections of writes made others wait for
// 0.2 s.
type batch struct {
	core      *core
	poller    *poller
	conns     *conns
	timers    *timers
	acceptors *acceptors

	gate   session.Gate // of this round
	list   []*conn      // have taken input, wait for random bytes
	wanted int          // random bytes for list

	in            []byte // secret memory, as clients may write secrets
	random, reply []byte
}

// open maps the buffers.
func (b *batch) open() error {
	m, err := prng.NewSecret(session.QueueBytes + batchBytes + session.StepBytes)
	if err != nil {
		return fmt.Errorf("making reply buffers: %w", err)
	}
	b.in, m = m[:session.QueueBytes], m[session.QueueBytes:]
	b.random, b.reply = m[:batchBytes], m[batchBytes:]
	return nil
}

// close erases the buffers.
func (b *batch) close() {
	clear(b.in)
	clear(b.random)
	clear(b.reply)
}

// run runs a step of every connection of this round.
func (b *batch) run() {
	for _, c := range b.conns.startRound() {
		b.take(c)
	}
	b.answer()
	if len(b.conns.bulk) > 0 {
		b.gate = b.core.gate() // a write of this round may have seeded the generator
		b.takeBulk()
		b.answer()
	}
	b.core.sessions.Publish(&b.conns.tally)
}

// takeBulk runs the bulk connections whose turn it is: at least one, so that it goes
// on however much others have to do.
func (b *batch) takeBulk() {
	n := 0
	for cost := 0; n < len(b.conns.bulk) && cost < batchBytes; n++ {
		cost += b.take(b.conns.bulk[n])
	}
	b.conns.bulk = slices.Delete(b.conns.bulk, 0, n)
}

// take runs the first half of a step of c, and returns what it costs.
func (b *batch) take(c *conn) (cost int) {
	c.queued = false
	if c.fd < 0 {
		return 0
	}
	if c.forced {
		b.hangUp(c)
		return 0
	}
	in, ok := c.receive(b.in, b.timers.now)
	if !ok {
		b.hangUp(c)
		return 0
	}
	want := c.session.Take(in, b.gate, b.timers.now)
	clear(in)
	if b.wanted+want > batchBytes {
		b.answer()
	}
	c.want = uint16(want)
	b.wanted += want
	b.list = append(b.list, c)
	return c.classify()
}

// answer makes the random bytes for the batch, and runs the second half of its
// steps.
func (b *batch) answer() {
	random := b.random[:b.wanted]
	if len(random) > 0 && !b.core.generator.Generate(random) {
		random = nil // the state changed since Take
	}
	for i, c := range b.list {
		b.list[i] = nil
		piece := random[:min(int(c.want), len(random))]
		random = random[len(piece):]
		if c.fd >= 0 {
			b.respond(c, piece)
		}
	}
	clear(b.random[:b.wanted])
	prng.WipeRegisters()
	b.list, b.wanted = b.list[:0], 0
}

// respond sends what the session owes, in one write.
func (b *batch) respond(c *conn, random []byte) {
	s := &c.session
	n := 0
	if s.Owes() > 0 {
		reply := s.Reply(b.reply[:0], random)
		sent, ok := c.send(reply, b.timers.now)
		clear(reply)
		if !ok {
			b.hangUp(c)
			return
		}
		n = sent
		b.conns.tally.BytesOut += uint64(n)
	}
	s.Sent(n, b.timers.now)
	b.settle(c)
}

// settle decides what becomes of c after a step.
func (b *batch) settle(c *conn) {
	s := &c.session
	idle := !s.More() && (!c.readable || s.Room() == 0)
	if s.Closed() || idle && (c.hungUp || b.conns.draining && !s.Stuck()) {
		b.hangUp(c)
		return
	}
	if c.watch(b.poller) != nil {
		c.retryLater(b.timers.now) // short of memory, or at the limit of what epoll watches
	}
	b.core.noteStep(&c.connBase, b.timers.now)
	if !idle {
		b.conns.schedule(c)
	}
	b.timers.add(c)
}

// hangUp closes c and gives its slot back.
func (b *batch) hangUp(c *conn) {
	if c.fd < 0 {
		return
	}
	b.conns.close(c)
	b.core.leave(&c.connBase)
	b.acceptors.retryAdmission()
}
