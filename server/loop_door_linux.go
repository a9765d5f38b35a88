package server

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/peercred"
)

// doorBatch is how many newcomers one listener lets in before the first of them
// are answered. With 64 a burst of 50 had to be accepted whole before anybody
// got a byte: its median took 1.5 times as long. A busy loop lets in half as many
// more as it has others to serve, or its newcomers would wait for 60 rounds.
const doorBatch = 4

// door is one listener of a loop.
type door struct {
	listener *Listener
	raw      syscall.RawConn
	index    int
	open     bool    // somebody may wait
	waiting  *wire   // accepted, but every place is taken
	payer    payer   // of waiting
	backoff  instant // after an error; 0: none
	until    instant // when to try again

	// One accept, under the listener's lock: its descriptor may be closed at any
	// time and given to something else.
	do    func(fd uintptr)
	fd    int32
	errno syscall.Errno
	from  unix.RawSockaddrAny
}

// serve adds a listener.
func (l *loop) serve(ln *Listener) {
	if ln.bare() {
		l.do(func() { l.addDoor(ln) })
	}
}

func (l *loop) addDoor(ln *Listener) {
	l.pruneDoors()
	d := &door{listener: ln, index: len(l.doors)}
	d.do = d.accept
	raw, err := ln.SyscallConn()
	if err != nil {
		return // closed already
	}
	d.raw = raw
	for i, old := range l.doors {
		if old == nil {
			d.index = i
		}
	}
	if d.index == len(l.doors) {
		l.doors = append(l.doors, nil)
	}
	l.doors[d.index] = d
	raw.Control(func(fd uintptr) {
		err = l.watch(unix.EPOLL_CTL_ADD, int(fd), unix.EPOLLIN|unix.EPOLLET, int32(-1-d.index))
	})
	if err != nil {
		l.server.logAccept(err)
	}
}

// pruneDoors forgets listeners that were closed.
func (l *loop) pruneDoors() {
	for i, d := range l.doors {
		if d == nil {
			continue
		}
		select {
		case <-d.listener.closed:
			l.doors[i] = nil
			l.server.forget(d.listener)
		default:
		}
	}
}

// open lets newcomers in, some at a time.
func (l *loop) open(d *door) {
	if d == nil {
		return
	}
	d.open = true
	for range doorBatch + len(l.next)/2 {
		if !d.open || l.draining || d.waiting != nil && !l.admit(d, d.waiting, d.payer) {
			return
		}
		if d.raw.Control(d.do) != nil {
			d.open = false // closed
			return
		}
		l.accepted(d)
	}
	l.ajar = true
}

// openAll goes on with the doors that were left open.
func (l *loop) openAll() {
	if !l.ajar {
		return
	}
	l.ajar = false
	for _, d := range l.doors {
		if d != nil && d.open {
			l.open(d)
		}
	}
}

// accept is one accept4(2).
func (d *door) accept(fd uintptr) {
	size := uint32(unix.SizeofSockaddrAny)
	var from, length uintptr
	if d.listener.address.Network == "tcp" {
		from, length = uintptr(unsafe.Pointer(&d.from)), uintptr(unsafe.Pointer(&size))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, fd, from, length, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	d.fd, d.errno = int32(n), errno
}

// accepted deals with the result of one accept.
func (l *loop) accepted(d *door) {
	switch d.errno {
	case 0:
		d.backoff = 0
		l.welcome(d)
	case syscall.EINTR, syscall.ECONNABORTED:
	case syscall.EAGAIN:
		d.open, d.backoff = false, 0
	default: // out of descriptors? Keep those we have.
		l.server.logAccept(d.errno)
		d.backoff = min(max(2*d.backoff, instant(firstBackoff)), instant(lastBackoff))
		d.open, d.until = false, l.now+d.backoff
		l.wakeAt(d.until)
	}
}

// retry opens a door again that an error has shut.
func (l *loop) retry(d *door) {
	switch {
	case d == nil || d.backoff == 0:
	case l.now < d.until:
		l.wakeAt(d.until)
	default:
		l.open(d)
	}
}

// knock has those tried again who wait for a place.
func (l *loop) knock() {
	for _, d := range l.doors {
		l.ajar = l.ajar || d != nil && d.waiting != nil
	}
}

// welcome finds out who a newcomer is.
func (l *loop) welcome(d *door) {
	w := l.newWire(d.fd)
	var p payer
	if d.listener.address.Network == "unix" {
		cred, _ := peercred.OfFD(int(d.fd))
		p = l.server.meetUnix(&w.link, cred)
	} else {
		var ok bool
		if p, ok = l.server.meetTCP(&w.link, d.listener, addrOf(&d.from)); !ok {
			rawClose(w.fd)
			return
		}
		tuneSocket(int(d.fd))
	}
	l.admit(d, w, p)
}

// admit gives a newcomer its place, or closes it. It is false when the newcomer
// has to wait, and those behind it.
func (l *loop) admit(d *door, w *wire, p payer) bool {
	s := l.server
	s.mu.Lock()
	v := s.admit(&w.link, p, w)
	s.mu.Unlock()
	d.waiting = nil
	switch v {
	case admitted:
		l.connect(w)
	case full:
		d.waiting, d.payer = w, p
		return false
	default:
		rawClose(w.fd)
		s.refuse(v, w.peer)
	}
	return true
}

// newWire makes the wire of a descriptor that has no place yet.
func (l *loop) newWire(fd int32) *wire {
	l.marks = max(1, l.marks+1)
	w := &wire{loop: l, fd: fd, mark: l.marks, readable: true}
	w.session.svc, w.session.tally = l.server.service, &l.tally
	return w
}

// connect runs a wire that has its place.
func (l *loop) connect(w *wire) {
	for int(w.fd) >= len(l.wires) {
		l.wires = append(l.wires, nil)
	}
	l.wires[w.fd] = w
	l.count++
	l.again(w)
}

// tuneSocket is tuneTCP for a bare descriptor.
func tuneSocket(fd int) {
	for _, o := range []struct{ level, name, value int }{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(keepAliveIdle.Seconds())},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(keepAliveInterval.Seconds())},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveCount},
	} {
		unix.SetsockoptInt(fd, o.level, o.name, o.value)
	}
}

// addrOf is the IP address of a TCP peer, the zero Addr if it is none.
func addrOf(from *unix.RawSockaddrAny) netip.Addr {
	switch from.Addr.Family {
	case unix.AF_INET:
		return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(from)).Addr)
	case unix.AF_INET6:
		return netip.AddrFrom16((*unix.RawSockaddrInet6)(unsafe.Pointer(from)).Addr).Unmap()
	}
	return netip.Addr{}
}
