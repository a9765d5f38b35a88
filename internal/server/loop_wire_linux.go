package server

import (
	"syscall"

	"golang.org/x/sys/unix"

	"prngd/internal/prng"
)

// wire is one connection of a loop.
type wire struct {
	link
	loop     *loop
	fd       int32 // -1: closed
	mark     int32 // tells events of this connection from those of an earlier one
	want     uint16
	readable bool    // there may be input, or its end
	ending   bool    // the peer has finished sending: a short read is not the last
	hungUp   bool    // the peer is gone altogether
	queued   bool    // in loop.next or loop.heavy
	heavy    bool    // its last step was a big one
	timed    bool    // in loop.timed
	watched  bool    // by epoll
	blocked  bool    // epoll tells when there is room to write
	offered  bool    // epoll, or a full read, said that there is more input
	roomy    bool    // epoll said that there is room, and nothing was written since
	rest     instant // the kernel was short of something: when to try again; 0: it was not
}

// take runs the first half of a step of w, and returns what it costs.
func (l *loop) take(w *wire) (cost int) {
	w.queued = false
	if w.fd < 0 {
		return 0
	}
	in, ok := l.receive(w)
	if !ok {
		l.hangUp(w)
		return 0
	}
	want := w.session.Take(in, l.gate, l.now)
	clear(in)
	if l.wanted+want > roundBytes {
		l.answer()
	}
	w.want = uint16(want)
	l.wanted += want
	l.batch = append(l.batch, w)
	return w.weigh()
}

// receive reads what the session has room for. It is false if the connection is
// broken.
func (l *loop) receive(w *wire) ([]byte, bool) {
	room := w.session.Room()
	if !w.readable || room == 0 {
		return nil, true
	}
	if !w.heavy {
		room = min(room, lightBytes)
	}
	in := l.in[:room]
	for {
		n, errno := rawReceive(w.fd, in)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN || scarce(errno):
			w.readable = false
			if w.offered || errno != syscall.EAGAIN {
				l.repose(w)
			}
			w.offered = false
			return nil, true
		case errno != 0:
			return nil, false
		case n == 0:
			w.session.EOF()
			w.readable = false
			return nil, true
		}
		w.readable = n == len(in) || w.ending || w.hungUp
		w.offered = w.readable
		return in[:n], true
	}
}

// answer makes the random bytes for the batch, and runs the second half of its
// steps.
func (l *loop) answer() {
	random := l.random[:l.wanted]
	if len(random) > 0 && !l.server.pool.Generate(random) {
		random = nil // the gate moved since Take
	}
	for i, w := range l.batch {
		l.batch[i] = nil
		piece := random[:min(int(w.want), len(random))]
		random = random[len(piece):]
		if w.fd >= 0 {
			l.respond(w, piece)
		}
	}
	clear(l.random[:l.wanted])
	prng.WipeRegisters()
	l.batch, l.wanted = l.batch[:0], 0
}

// respond sends what the session has to say, in one write.
func (l *loop) respond(w *wire, random []byte) {
	s := &w.session
	n := 0
	if s.Owes() > 0 {
		reply := s.Reply(l.reply[:0], random)
		sent, ok := l.send(w, reply)
		clear(reply)
		if !ok {
			l.hangUp(w)
			return
		}
		n = sent
		l.tally.bytesOut += uint64(n)
	}
	s.Sent(n, l.now)
	l.settle(w)
}

// send writes what the peer has room for now.
func (l *loop) send(w *wire, p []byte) (int, bool) {
	if len(p) == 0 {
		return 0, true
	}
	for {
		n, errno := rawSend(w.fd, p)
		switch {
		case errno == 0:
			w.roomy = false
			return n, true
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN || scarce(errno):
			if w.roomy || errno != syscall.EAGAIN {
				l.repose(w)
			}
			w.roomy = false
			return 0, true
		}
		return 0, false
	}
}

// settle decides what becomes of w after a step.
func (l *loop) settle(w *wire) {
	s := &w.session
	idle := !s.More() && (!w.readable || s.Room() == 0)
	if s.Closed() || idle && (w.hungUp || l.draining && !s.Stuck()) {
		l.hangUp(w)
		return
	}
	if l.follow(w) != nil {
		l.repose(w) // short of memory, or at the limit of what epoll watches
	}
	l.server.note(&w.link, l.now)
	if !idle {
		l.again(w)
	}
	l.time(w)
}

const wireEvents = unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET

// follow tells epoll what w waits for. A connection is not watched before its
// first step, because the first request is mostly there when it is accepted.
func (l *loop) follow(w *wire) error {
	stuck := w.session.Stuck()
	if w.watched && stuck == w.blocked {
		return nil
	}
	op, events := unix.EPOLL_CTL_MOD, uint32(wireEvents)
	if !w.watched {
		op = unix.EPOLL_CTL_ADD
	}
	if stuck {
		events |= unix.EPOLLOUT
	}
	if err := l.watch(op, int(w.fd), events, w.mark); err != nil {
		return err
	}
	w.watched, w.blocked = true, stuck
	return nil
}

// hangUp closes w and gives its place back.
func (l *loop) hangUp(w *wire) {
	if w.fd < 0 {
		return
	}
	l.wires[w.fd] = nil
	l.count--
	rawClose(w.fd)
	w.fd = -1
	l.server.leave(&w.link)
	l.knock()
}

// cut ends w for the sake of a newcomer, with the server's mu held.
func (w *wire) cut() {
	w.hungUp, w.readable = true, false
	w.loop.again(w)
}
