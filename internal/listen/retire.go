package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// retireTime bounds how long a retired listener still takes what has connected.
const retireTime = time.Second

// Watch has f called when l is retired, and when it is closed. The server that
// accepts from l closes it after it was retired, once nobody waits there.
func (l *Listener) Watch(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watches = append(l.watches, f)
}

// tell calls what Watch was given.
func (l *Listener) tell() (watched bool) {
	l.mu.Lock()
	watches := l.watches
	l.mu.Unlock()
	for _, f := range watches {
		f()
	}
	return len(watches) > 0
}

// Retired reports whether another socket has taken l's place: what has connected
// already is accepted, then l is closed.
func (l *Listener) Retired() bool { return l.retired.Load() }

// retire removes l's path, if it is l's, and ends l when the connections that
// wait are accepted. Closing it at once would reset them.
func (l *Listener) retire() error {
	err := l.unname()
	if !l.retired.CompareAndSwap(false, true) {
		return err
	}
	if d, ok := l.socket().(interface{ SetDeadline(time.Time) error }); ok {
		d.SetDeadline(time.Unix(1, 0)) // wakes Accept
	}
	if !l.tell() && !l.accepting.Load() {
		l.Close()
		return err
	}
	time.AfterFunc(retireTime, func() { l.Close() })
	return err
}

// Accept waits for the next connection. Of a retired listener it takes those that
// have connected, and then closes it; the error is net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	l.accepting.Store(true)
	for !l.Retired() {
		c, err := l.socket().Accept()
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return c, err
		}
	}
	c, err := l.acceptNow()
	if errors.Is(err, unix.EAGAIN) {
		l.Close()
		return nil, net.ErrClosed
	}
	return c, err
}

// acceptNow accepts without waiting: package net looks at the deadline first.
func (l *Listener) acceptNow() (net.Conn, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if cerr := raw.Control(func(s uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if fd, _, err = unix.Accept(int(s)); err == nil {
			unix.CloseOnExec(fd)
		}
	}); cerr != nil {
		return nil, cerr
	}
	if err != nil {
		return nil, os.NewSyscallError("accept", err)
	}
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	return net.FileConn(f)
}

// Copy returns a Listener of its own on the same socket: its end is not l's, but
// l's is also its. Close leaves the path.
func (l *Listener) Copy() (*Listener, error) {
	f, err := l.File()
	if err != nil {
		return nil, err
	}
	c, err := adopt(f, l.described())
	if err != nil {
		return nil, err
	}
	c.opened.foreign = true
	l.Watch(func() {
		if l.Retired() {
			c.retire()
			return
		}
		c.Close()
	})
	return c, nil
}

// File returns a copy of l's descriptor, which the caller closes. A driver that
// begins to serve replaces the descriptor, once: then the new one is copied.
func (l *Listener) File() (*os.File, error) {
	type filer interface{ File() (*os.File, error) }
	for {
		socket := l.socket()
		s, ok := socket.(filer)
		if !ok {
			return nil, fmt.Errorf("copying the socket of %s: %w", l.Address(), errors.ErrUnsupported)
		}
		f, err := s.File()
		if err == nil || socket == l.socket() {
			return f, err
		}
	}
}
