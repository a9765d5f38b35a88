// Package listen opens, adopts, replaces and watches listening sockets, and hands
// them over to the next program of the process.
package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
)

// Listener is a socket that accepts clients.
type Listener struct {
	opened opened // what does not change while l is open

	mu      sync.Mutex // guards what follows
	ln      net.Listener
	allow   []netip.Prefix
	path    string   // of a Unix socket: a name of the directory may change
	watches []func() // to be called when l retires or is closed

	failure   atomic.Pointer[error] // of the last accept; nil: it succeeded
	accepting atomic.Bool           // Accept is in use
	retired   atomic.Bool
	once      sync.Once
	closed    chan struct{}
	lstat     func(string) (fs.FileInfo, error)
	unlink    func(string) error
}

// opened is what a socket was opened with.
type opened struct {
	address egdproto.Address
	file    identity    // the path's; zero: TCP, or the path was gone already
	mode    fs.FileMode // asked for
	gid     int         // asked for; -1: none
	uid     int         // the owner that the path had then
	foreign bool        // a supervisor made the socket: Close leaves the path
}

// NewListener makes a Listener of ln, which lets in the TCP peers in allow.
func NewListener(ln net.Listener, allow []netip.Prefix) *Listener {
	l := &Listener{
		ln: ln, allow: slices.Clone(allow), closed: make(chan struct{}), lstat: os.Lstat, unlink: os.Remove,
		opened: opened{gid: -1, uid: -1, foreign: true},
	}
	switch a := ln.Addr().(type) {
	case *net.UnixAddr:
		l.opened.address = egdproto.Address{Network: "unix", Path: a.Name}
		l.path = a.Name
	case *net.TCPAddr:
		host := a.AddrPort().Addr().Unmap().String()
		l.opened.address = egdproto.Address{Network: "tcp", Host: host, Port: a.Port}
	}
	return l
}

// socket is what l listens with. A driver may replace it by a copy of its own.
func (l *Listener) socket() net.Listener {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ln
}

// Address returns where l listens: for tcp/localhost the address bound, and
// for port 0 the port found.
func (l *Listener) Address() egdproto.Address {
	a := l.opened.address
	if a.Network == "unix" {
		l.mu.Lock()
		defer l.mu.Unlock()
		a.Path = l.path
	}
	return a
}

// Addr returns the address as package net has it.
func (l *Listener) Addr() net.Addr { return l.socket().Addr() }

// Allows reports whether a TCP peer may come in.
func (l *Listener) Allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.allow) == 0 {
		return a.IsLoopback()
	}
	return slices.ContainsFunc(l.allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// take makes l what o asks for, as far as an open socket can be changed.
func (l *Listener) take(o *Options) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.allow = slices.Clone(o.Allow)
	if o.Address.Network == "unix" && l.opened.address.Network == "unix" {
		l.path = o.Address.Path
	}
}

// NoteAccept records how the last accept(2) ended, for the report.
func (l *Listener) NoteAccept(err error) {
	switch {
	case err != nil:
		l.failure.Store(&err)
	case l.failure.Load() != nil:
		l.failure.Store(nil)
	}
}

// AcceptError returns why no connection can be accepted; nil if the last one was.
func (l *Listener) AcceptError() error {
	if err := l.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Missing reports whether the path of a Unix socket is no longer l's: removed,
// or replaced by another. Clients cannot reach l then. A path that we may not look
// at is not missing.
func (l *Listener) Missing() bool {
	ours, err := l.atPath()
	return !ours && (err == nil || errors.Is(err, fs.ErrNotExist))
}

// atPath reports whether l is at its path, as every socket is that has none.
func (l *Listener) atPath() (bool, error) {
	a := l.Address()
	if !hasPath(a) {
		return true, nil
	}
	info, err := l.lstat(a.Path)
	return err == nil && identityOf(info) == l.opened.file, err
}

// hasPath reports whether a file system has the socket: not one for TCP, nor one of a
// supervisor in Linux's abstract namespace, which package net calls @NAME.
func hasPath(a egdproto.Address) bool {
	return a.Network == "unix" && !strings.HasPrefix(a.Path, "@")
}

const backlog = 65535 // every system cuts it to its own SOMAXCONN

// relisten calls listen(2) again. The kernel tells clients, by SO_PEERCRED, which
// process called it last; so the serving process calls it on what it adopted.
func (l *Listener) relisten() error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var lerr error
	if err := raw.Control(func(fd uintptr) { lerr = unix.Listen(int(fd), backlog) }); err != nil {
		return err
	}
	if lerr != nil {
		return fmt.Errorf("listening on %s: %w", l.Address(), os.NewSyscallError("listen", lerr))
	}
	return nil
}

// SyscallConn gives access to l's descriptor.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	return l.socket().(syscall.Conn).SyscallConn()
}

// Closed is closed when l is.
func (l *Listener) Closed() <-chan struct{} { return l.closed }

// Close stops accepting, and removes the path of a socket that we made if it is
// still that socket.
func (l *Listener) Close() (err error) {
	l.once.Do(func() {
		err = l.unname()
		close(l.closed)
		if e := l.socket().Close(); e != nil {
			err = e
		}
		l.tell()
	})
	return err
}

// unname removes the path if l made it and it is l's.
func (l *Listener) unname() error {
	if l.opened.foreign || !hasPath(l.opened.address) {
		return nil
	}
	if ours, _ := l.atPath(); !ours {
		return nil
	}
	return l.unlink(l.Address().Path)
}

// release closes the descriptor and leaves the path to the process that has it.
func (l *Listener) release() {
	l.once.Do(func() {
		close(l.closed)
		l.socket().Close()
		l.tell()
	})
}
