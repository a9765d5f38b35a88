package server

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/listen"
	"prngd/internal/peercred"
	"prngd/internal/session"
)

// firstBatch is how many connections one listener accepts before the first of them
// are answered. With 64 a burst of 50 had to be accepted whole before anybody got a
// byte: its median took 1.5 times as long. While more connections wait than that, each
// batch is twice the one before, up to lastBatch, so that a burst of 500 takes 12
// rounds and not 125. A busy loop accepts half as many more as it has others to serve,
// or new connections would wait for 60 rounds.
const (
	firstBatch = 4
	lastBatch  = 64
)

// acceptor accepts the connections of one listener of an event loop.
type acceptor struct {
	listener *listen.Listener
	tcp      bool
	raw      syscall.RawConn // nil: not watched yet
	index    int
	pending  bool            // connections may wait in the backlog
	batch    int             // how many to accept at once
	notified bool            // epoll said so, and none was accepted since
	waiting  *conn           // accepted, but every slot is taken
	key      quotaKey        // of waiting
	backoff  session.Instant // after an error; 0: none
	until    session.Instant // when to try again

	// One accept, under the listener's lock: its descriptor may be closed at any
	// time and given to something else.
	call  func(fd uintptr)
	fd    int32
	errno syscall.Errno
	from  unix.RawSockaddrAny
}

// acceptors are the acceptors of an event loop.
type acceptors struct {
	core    *core
	poller  *poller
	conns   *conns
	timers  *timers
	calls   *calls
	list    []*acceptor // nil: closed
	pending bool        // an acceptor has more connections to accept at once
}

// add accepts the connections of a listener.
func (as *acceptors) add(ln *listen.Listener) {
	as.forgetClosed()
	a := &acceptor{listener: ln, tcp: ln.Address().Network == "tcp", batch: firstBatch}
	a.call = a.accept
	if a.index = slices.Index(as.list, nil); a.index < 0 {
		a.index = len(as.list)
		as.list = append(as.list, nil)
	}
	as.list[a.index] = a
	as.watch(a)
	ln.Watch(func() { as.calls.add(as.retire) })
}

// retire accepts the connections that wait at retired listeners, and forgets closed
// ones.
func (as *acceptors) retire() {
	for _, a := range as.list {
		if a != nil && a.raw != nil && a.listener.Retired() {
			as.acceptBatch(a)
		}
	}
	as.forgetClosed()
}

// watch has epoll tell, at once and from now on, when connections wait at a: now, or
// when there are descriptors and memory for that again.
func (as *acceptors) watch(a *acceptor) {
	err := a.listener.Detach()
	if err == nil {
		a.raw, err = a.listener.SyscallConn()
	}
	if err == nil {
		err = a.watch(as.poller)
	}
	switch {
	case err == nil:
		a.backoff = 0
	case !errors.Is(err, net.ErrClosed):
		a.raw = nil
		as.backOff(a, err)
	}
}

func (a *acceptor) watch(p *poller) (err error) {
	if cerr := a.raw.Control(func(fd uintptr) {
		err = p.watch(unix.EPOLL_CTL_ADD, int(fd), unix.EPOLLIN|unix.EPOLLET, acceptorMark(a.index))
	}); cerr != nil {
		return cerr
	}
	return err
}

// forgetClosed forgets listeners that were closed, but none with a connection that
// was accepted and waits for its slot.
func (as *acceptors) forgetClosed() {
	for i, a := range as.list {
		if a == nil || a.waiting != nil {
			continue
		}
		select {
		case <-a.listener.Closed():
			as.list[i] = nil
			as.core.forget(a.listener)
		default:
		}
	}
}

// event notes that connections wait at an acceptor.
func (as *acceptors) event(mark int32) {
	if a := as.list[acceptorIndex(mark)]; a != nil {
		a.notified, a.pending, as.pending = true, true, true
	}
}

// acceptBatch accepts connections, some at a time.
func (as *acceptors) acceptBatch(a *acceptor) {
	a.pending = true
	for range a.batch + len(as.conns.next)/2 {
		if !a.pending || as.conns.draining || a.waiting != nil && !as.admit(a, a.waiting, a.key) {
			return
		}
		if a.raw.Control(a.call) != nil {
			a.pending = false // closed
			return
		}
		as.accepted(a)
	}
	as.pending, a.batch = true, min(2*a.batch, lastBatch)
}

// acceptPending has every acceptor at which connections wait accept some.
func (as *acceptors) acceptPending() {
	if !as.pending {
		return
	}
	as.pending = false
	for _, a := range as.list {
		if a != nil && a.pending {
			as.acceptBatch(a)
		}
	}
}

// accept is one accept4(2).
func (a *acceptor) accept(fd uintptr) {
	size := uint32(unix.SizeofSockaddrAny)
	var from, length uintptr
	if a.tcp {
		from, length = uintptr(unsafe.Pointer(&a.from)), uintptr(unsafe.Pointer(&size))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, fd, from, length, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	a.fd, a.errno = int32(n), errno
}

// accepted deals with the result of one accept.
func (as *acceptors) accepted(a *acceptor) {
	switch a.errno {
	case 0:
		a.notified, a.backoff = false, 0
		a.listener.NoteAccept(nil)
		as.identify(a)
	case syscall.EINTR, syscall.ECONNABORTED:
	case syscall.EAGAIN:
		a.pending, a.backoff, a.batch = false, 0, firstBatch
		if a.listener.Retired() {
			a.listener.Close() // no connection waits there any more
			return
		}
		if a.notified { // of a connection that is gone? Look once more.
			a.notified = false
			as.retryLater(a)
		}
	default: // out of descriptors? Keep those in use.
		as.backOff(a, a.errno)
	}
}

// identify finds out what peer the new connection has, and asks for its slot.
func (as *acceptors) identify(a *acceptor) {
	c := as.conns.make(a.fd)
	var k quotaKey
	if !a.tcp {
		cred, _ := peercred.OfFD(int(a.fd))
		k = as.core.admission.identifyUnix(&c.connBase, cred)
	} else {
		var ok bool
		if k, ok = as.core.admission.identifyTCP(&c.connBase, a.listener, ipAddr(&a.from), as.core.now()); !ok {
			rawClose(c.fd)
			return
		}
		setTCPOptionsFD(int(a.fd))
	}
	as.admit(a, c, k)
}

// ipAddr is the IP address of a TCP peer, the zero Addr if it is none.
func ipAddr(from *unix.RawSockaddrAny) netip.Addr {
	switch from.Addr.Family {
	case unix.AF_INET:
		return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(from)).Addr)
	case unix.AF_INET6:
		return netip.AddrFrom16((*unix.RawSockaddrInet6)(unsafe.Pointer(from)).Addr).Unmap()
	}
	return netip.Addr{}
}

// admit gives a new connection its slot, or closes it. It is false when the
// connection has to wait, and those behind it.
func (as *acceptors) admit(a *acceptor, c *conn, k quotaKey) bool {
	a.waiting = nil
	switch as.core.admission.admit(&c.connBase, k, c, as.core.now()) {
	case admitted:
		as.conns.add(c)
	case full:
		a.waiting, a.key = c, k
		return false
	default:
		rawClose(c.fd)
	}
	return true
}

// retryAdmission has the connections that wait for a slot tried again.
func (as *acceptors) retryAdmission() {
	for _, a := range as.list {
		as.pending = as.pending || a != nil && a.waiting != nil
	}
}

// backOff leaves a alone for a while after an error, longer each time.
func (as *acceptors) backOff(a *acceptor, err error) {
	as.core.acceptFailed(a.listener, err)
	as.retryLater(a)
}

func (as *acceptors) retryLater(a *acceptor) {
	a.backoff = min(max(2*a.backoff, session.Instant(firstBackoff)), session.Instant(lastBackoff))
	a.pending, a.until = false, as.timers.now+a.backoff
	as.timers.wakeAt(a.until)
}

// retry tries the acceptors again whose time has come.
func (as *acceptors) retry() {
	for _, a := range as.list {
		switch {
		case a == nil || a.backoff == 0:
		case as.timers.now < a.until:
			as.timers.wakeAt(a.until)
		case a.raw == nil:
			as.watch(a)
		default:
			as.acceptBatch(a)
		}
	}
}

// closeWaiting closes the connections that wait for a slot.
func (as *acceptors) closeWaiting() {
	for _, a := range as.list {
		if a != nil && a.waiting != nil {
			rawClose(a.waiting.fd)
			a.waiting = nil
		}
	}
}

// admit asks for a slot for c, and force closes the connections that lose theirs to
// it. The caller retries later if the server is full, and else closes a connection
// that is not admitted.
func (a *admission) admit(c *connBase, k quotaKey, conn forceCloser, now session.Instant) verdict {
	a.mu.Lock()
	v := a.tryAdmit(c, k, conn, now)
	a.mu.Unlock()
	a.noteRefusal(v, c.peer, now)
	return v
}
