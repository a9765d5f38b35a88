package server

import (
	"errors"
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/listen"
)

// doorBatch is how many newcomers one listener lets in before the first of them
// are answered. With 64 a burst of 50 had to be accepted whole before anybody
// got a byte: its median took 1.5 times as long. A busy loop lets in half as many
// more as it has others to serve, or its newcomers would wait for 60 rounds.
const doorBatch = 4

// door is one listener of a loop.
type door struct {
	listener *listen.Listener
	tcp      bool
	raw      syscall.RawConn // nil: not watched yet
	index    int
	open     bool    // somebody may wait
	called   bool    // epoll said so, and nobody was let in since
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
func (l *loop) serve(ln *listen.Listener) { l.do(func() { l.addDoor(ln) }) }

func (l *loop) addDoor(ln *listen.Listener) {
	l.pruneDoors()
	d := &door{listener: ln, tcp: ln.Address().Network == "tcp", index: len(l.doors)}
	d.do = d.accept
	for i, old := range l.doors {
		if old == nil {
			d.index = i
		}
	}
	if d.index == len(l.doors) {
		l.doors = append(l.doors, nil)
	}
	l.doors[d.index] = d
	l.hang(d)
	ln.Watch(func() { l.do(l.tendDoors) })
}

// tendDoors takes the connections that wait at retired listeners, and forgets
// closed ones.
func (l *loop) tendDoors() {
	for _, d := range l.doors {
		if d != nil && d.raw != nil && d.listener.Retired() {
			l.open(d)
		}
	}
	l.pruneDoors()
}

// hang puts a door where newcomers knock, now or when there are descriptors and
// memory for that again.
func (l *loop) hang(d *door) {
	err := d.listener.Detach()
	if err == nil {
		d.raw, err = d.listener.SyscallConn()
	}
	if err == nil {
		err = l.heed(d)
	}
	switch {
	case err == nil:
		d.backoff = 0
	case !errors.Is(err, net.ErrClosed):
		d.raw = nil
		l.backOff(d, err)
	}
}

// heed has epoll tell, at once and from now on, when somebody is at d.
func (l *loop) heed(d *door) (err error) {
	if cerr := d.raw.Control(func(fd uintptr) {
		err = l.watch(unix.EPOLL_CTL_ADD, int(fd), unix.EPOLLIN|unix.EPOLLET, int32(-1-d.index))
	}); cerr != nil {
		return cerr
	}
	return err
}

// pruneDoors forgets listeners that were closed, but none with a client that was
// accepted and waits for its place.
func (l *loop) pruneDoors() {
	for i, d := range l.doors {
		if d == nil || d.waiting != nil {
			continue
		}
		select {
		case <-d.listener.Closed():
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
	if d.tcp {
		from, length = uintptr(unsafe.Pointer(&d.from)), uintptr(unsafe.Pointer(&size))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, fd, from, length, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	d.fd, d.errno = int32(n), errno
}

// accepted deals with the result of one accept.
func (l *loop) accepted(d *door) {
	switch d.errno {
	case 0:
		d.called, d.backoff = false, 0
		d.listener.NoteAccept(nil)
		l.welcome(d)
	case syscall.EINTR, syscall.ECONNABORTED:
	case syscall.EAGAIN:
		d.open, d.backoff = false, 0
		if d.listener.Retired() {
			d.listener.Close() // nobody waits there any more
			return
		}
		if d.called { // by whom? We look once more.
			d.called = false
			l.rest(d)
		}
	default: // out of descriptors? Keep those we have.
		l.backOff(d, d.errno)
	}
}

// backOff leaves d alone for a while, longer each time.
func (l *loop) backOff(d *door, err error) {
	l.server.logAccept(d.listener, err)
	l.rest(d)
}

func (l *loop) rest(d *door) {
	d.backoff = min(max(2*d.backoff, instant(firstBackoff)), instant(lastBackoff))
	d.open, d.until = false, l.now+d.backoff
	l.wakeAt(d.until)
}

// retry opens a door again that an error has shut.
func (l *loop) retry(d *door) {
	switch {
	case d == nil || d.backoff == 0:
	case l.now < d.until:
		l.wakeAt(d.until)
	case d.raw == nil:
		l.hang(d)
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
