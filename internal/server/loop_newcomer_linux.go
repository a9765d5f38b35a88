package server

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/peercred"
)

// welcome finds out who a newcomer is.
func (l *loop) welcome(d *door) {
	w := l.newWire(d.fd)
	var p payer
	if !d.tcp {
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
	unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuffer) // refused? Then it is the system's
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
