package listen

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// bareSocket is a listening socket of which package net does not know. It would
// watch it as well, and wake a thread for nothing with every client: a burst of
// 50 connections took twice as long.
type bareSocket struct {
	addr net.Addr

	mu     sync.RWMutex
	fd     int
	closed bool
}

// Detach takes l's socket out of package net's hands. That takes a descriptor more
// for a moment: it can be tried again. The error of a closed l is net.ErrClosed.
func (l *Listener) Detach() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.ln.(*bareSocket); ok {
		return nil
	}
	raw, err := l.ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	fd := -1
	if cerr := raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 3)
	}); cerr != nil {
		return cerr
	}
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	b := &bareSocket{addr: l.ln.Addr(), fd: fd}
	l.ln.Close()
	l.ln = b
	return nil
}

// Control runs f with the descriptor, which is not closed meanwhile.
func (b *bareSocket) Control(f func(fd uintptr)) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return net.ErrClosed
	}
	f(uintptr(b.fd))
	return nil
}

// Read and Write complete syscall.RawConn; a listening socket has neither.
func (b *bareSocket) Read(func(fd uintptr) bool) error { return unix.ENOTCONN }

// Write is like Read.
func (b *bareSocket) Write(func(fd uintptr) bool) error { return unix.ENOTCONN }

// SyscallConn makes it a syscall.Conn.
func (b *bareSocket) SyscallConn() (syscall.RawConn, error) { return b, nil }

// Accept is not for this socket: the loop takes connections from it.
func (b *bareSocket) Accept() (net.Conn, error) { return nil, errors.ErrUnsupported }

// Addr returns the address bound.
func (b *bareSocket) Addr() net.Addr { return b.addr }

// File returns a copy.
func (b *bareSocket) File() (f *os.File, err error) {
	if cerr := b.Control(func(fd uintptr) {
		var copied int
		if copied, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3); err == nil {
			f = os.NewFile(uintptr(copied), b.addr.String())
		}
	}); cerr != nil {
		return nil, cerr
	}
	return f, err
}

// Close closes it once.
func (b *bareSocket) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return net.ErrClosed
	}
	b.closed = true
	return unix.Close(b.fd)
}
