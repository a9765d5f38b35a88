package server

import (
	"iter"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"prngd/internal/session"
)

const (
	// shortRead is what is read at first from an interactive connection: more than
	// QEMU's burst of 67 requests, and with writes of a byte each 0.1 ms of work.
	shortRead = 512
	// inputCost is how many bytes of replies take as long as a byte of input does
	// at worst: a write of one byte is 5 of them and 0.5 us, a byte of output is
	// 5 ns.
	inputCost = 20
	// bulkCost is what the steps of an interactive connection cost at most, the last
	// one in full, each one before it by half as much as the one behind: 5 us or so.
	// With ten times as much, 6,000 connections of one user that kept sending 80
	// writes each made others wait for 0.3 s.
	bulkCost = 1024
	// shortReply is one that may be kept by any number of sockets.
	shortReply = 512
)

// conn is one connection of an event loop.
//
// It is watched edge-triggered: an event sets readable, and a short read ends it. So
// what a session has no room for stays in the socket without another system call, and
// a reply costs one read and one write.
type conn struct {
	connBase
	conns    *conns
	fd       int32 // -1: closed
	mark     int32 // tells events of this connection from those of an earlier one
	want     uint16
	forced   bool            // to be closed in whatever it does
	recent   int32           // what its last steps cost, see bulkCost
	readable bool            // there may be input, or its end
	ending   bool            // the peer has finished sending: a short read is not the last
	hungUp   bool            // the peer is gone altogether
	queued   bool            // in conns.next or conns.bulk
	bulk     bool            // its last steps were big ones; else it is interactive
	timed    bool            // in timers.list
	watched  bool            // by epoll
	blocked  bool            // epoll tells when there is room to write
	offered  bool            // epoll, or a full read, said that there is more input
	roomy    bool            // epoll said that there is room, and nothing was written since
	replied  bool            // a reply was sent
	bounded  bool            // the socket keeps no more than sendBuffer
	retryAt  session.Instant // the kernel was short of something: when to try again; 0: it was not
}

// event notes what epoll said, and schedules c if it has something to do.
func (c *conn) event(events uint32) {
	if events&^unix.EPOLLOUT != 0 {
		c.readable, c.offered = true, true
	}
	c.roomy = c.roomy || events&unix.EPOLLOUT != 0
	c.hungUp = c.hungUp || events&(unix.EPOLLHUP|unix.EPOLLERR) != 0
	c.ending = c.ending || events&unix.EPOLLRDHUP != 0
	if !c.blocked || c.hungUp || events&unix.EPOLLOUT != 0 {
		c.conns.schedule(c) // one that cannot write yet need not try for what else it was sent
	}
}

// retryLater has c run again in a while: once where epoll said what a call then
// denied, since it says so only once; a peer could have both go on for ever.
func (c *conn) retryLater(now session.Instant) { c.retryAt = now.After(retryTime) }

// receive reads what the session has room for into buffer, which is as long as that
// may be. It is false if the connection is broken.
func (c *conn) receive(buffer []byte, now session.Instant) ([]byte, bool) {
	room := c.session.Room()
	if !c.readable || room == 0 {
		return nil, true
	}
	if !c.bulk {
		room = min(room, shortRead)
	}
	in := buffer[:room]
	for {
		n, errno := rawReceive(c.fd, in)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN || scarce(errno):
			c.readable = false
			if c.offered || errno != syscall.EAGAIN {
				c.retryLater(now)
			}
			c.offered = false
			return nil, true
		case errno != 0:
			return nil, false
		case n == 0:
			c.session.EOF()
			c.readable = false
			return nil, true
		}
		c.readable = n == len(in) || c.ending || c.hungUp
		c.offered = c.readable
		return in[:n], true
	}
}

// bound limits what the socket keeps, before n bytes are sent: see sendBuffer. A
// connection that gets one short reply, as most do, is spared the system call, which
// is 6 % of what it costs.
func (c *conn) bound(n int) {
	if c.bounded || !c.replied && n <= shortReply {
		c.replied = true
		return
	}
	c.bounded = true
	unix.SetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer) // refused? Then it is the system's
}

// send writes what the peer has room for now. It is false if the connection is
// broken.
func (c *conn) send(p []byte, now session.Instant) (int, bool) {
	if len(p) == 0 {
		return 0, true
	}
	c.bound(len(p))
	for {
		n, errno := rawSend(c.fd, p)
		switch {
		case errno == 0:
			c.roomy = false
			return n, true
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN || scarce(errno):
			if c.roomy || errno != syscall.EAGAIN {
				c.retryLater(now)
			}
			c.roomy = false
			return 0, true
		}
		return 0, false
	}
}

// classify notes, after Take, whether c has a lot to do, and returns what this step
// costs, in bytes of replies.
func (c *conn) classify() (cost int) {
	s := &c.session
	cost = s.Owes() + inputCost*s.Answering()
	c.recent = c.recent/2 + int32(cost)
	c.bulk = c.recent > bulkCost || s.Queued() >= shortRead || s.More()
	return cost
}

const connEvents = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET

// watch tells epoll what c waits for. A connection is not watched before its first
// step, because the first request is mostly there when it is accepted.
func (c *conn) watch(p *poller) error {
	stuck := c.session.Stuck()
	if c.watched && stuck == c.blocked {
		return nil
	}
	op, events := unix.EPOLL_CTL_MOD, uint32(connEvents)
	if !c.watched {
		op = unix.EPOLL_CTL_ADD
	}
	if stuck {
		events |= unix.EPOLLOUT
	}
	if err := p.watch(op, int(c.fd), events, c.mark); err != nil {
		return err
	}
	c.watched, c.blocked = true, stuck
	return nil
}

// deadline is when to run c though nothing has happened to it.
func (c *conn) deadline(now session.Instant) session.Instant {
	d := c.session.Deadline(now)
	if c.retryAt != 0 {
		d = min(d, c.retryAt)
	}
	return d
}

// forceClose ends c for the sake of another connection, or because its peer is not let
// in any more, also if that keeps sending.
func (c *conn) forceClose() {
	c.forced = true
	c.conns.schedule(c)
}

// conns are the connections of an event loop, and the order in which they are run.
type conns struct {
	service *session.Service
	tally   session.Tally
	byFD    []*conn
	count   int
	marks   int32 // given out so far

	ready, next []*conn // to be run in this round, and in the one after it
	bulk        []*conn // to be run after them, some in each round

	draining bool // the server stops: close those that have nothing to do
}

// make returns the connection of a descriptor that has no slot yet.
func (cs *conns) make(fd int32) *conn {
	cs.marks = max(1, cs.marks+1)
	c := &conn{conns: cs, fd: fd, mark: cs.marks, readable: true}
	c.session.Init(cs.service, &cs.tally)
	return c
}

// add schedules a connection that has its slot.
func (cs *conns) add(c *conn) {
	for int(c.fd) >= len(cs.byFD) {
		cs.byFD = append(cs.byFD, nil)
	}
	cs.byFD[c.fd] = c
	cs.count++
	cs.schedule(c)
}

// close closes the descriptor of c and forgets it.
func (cs *conns) close(c *conn) {
	cs.byFD[c.fd] = nil
	cs.count--
	rawClose(c.fd)
	c.fd = -1
}

// find returns the connection that an event is for, nil if it was closed and its
// descriptor perhaps given to another. An event may come as late as after trim: of a
// socket that a child process still has until it executes another program.
func (cs *conns) find(fd, mark int32) *conn {
	if int(fd) >= len(cs.byFD) || cs.byFD[fd] == nil || cs.byFD[fd].mark != mark {
		return nil
	}
	return cs.byFD[fd]
}

func (cs *conns) all() iter.Seq[*conn] {
	return func(yield func(*conn) bool) {
		for _, c := range cs.byFD {
			if c != nil && !yield(c) {
				return
			}
		}
	}
}

// trim gives back the memory of tables that have grown.
func (cs *conns) trim() {
	last := len(cs.byFD)
	for last > 0 && cs.byFD[last-1] == nil {
		last--
	}
	cs.byFD = slices.Clone(cs.byFD[:last])
	cs.next, cs.bulk, cs.ready = slices.Clone(cs.next), slices.Clone(cs.bulk), nil
}

// schedule has c run in the next round, or in this one before it has begun. A bulk
// connection has to wait for its turn.
func (cs *conns) schedule(c *conn) {
	switch {
	case c.queued:
		return
	case c.bulk:
		cs.bulk = append(cs.bulk, c)
	default:
		cs.next = append(cs.next, c)
	}
	c.queued = true
}

// scheduled reports whether there is something to run at once.
func (cs *conns) scheduled() bool { return len(cs.next) > 0 || len(cs.bulk) > 0 }

// startRound returns the interactive connections of a new round.
func (cs *conns) startRound() []*conn {
	cs.ready, cs.next = cs.next, cs.ready[:0]
	return cs.ready
}
