// Package listen opens, adopts, replaces and watches listening sockets, and hands
// them over to the next program of the process.
package listen

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
)

// Options is what a listen line asks for.
type Options struct {
	Address egdproto.Address
	Mode    fs.FileMode    // Unix: permission bits; 0: 0777, as PRNGD
	Group   string         // Unix: name or number; "": leave it
	Allow   []netip.Prefix // TCP: the peers let in; none: this host alone
}

// Listener is a socket that accepts clients.
type Listener struct {
	mu      sync.Mutex // guards ln, see socket, and what Claim changes
	ln      net.Listener
	allow   []netip.Prefix
	adopted bool // somebody else made the path

	address egdproto.Address
	file    fs.FileInfo // the path's inode, if it is ours: nil for TCP
	close   sync.Once
	closed  chan struct{}
}

// Listen makes the listeners of one address: two for tcp/localhost where the
// host has both 127.0.0.1 and ::1, else one.
func Listen(o Options) ([]*Listener, error) {
	if o.Address.Network == "unix" {
		l, err := listenUnix(o)
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", o.Address, err)
		}
		return []*Listener{l}, nil
	}
	ls, err := listenTCP(o)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", o.Address, err)
	}
	return ls, nil
}

func listenTCP(o Options) ([]*Listener, error) {
	if !o.Address.Loopback() && len(o.Allow) == 0 {
		return nil, fmt.Errorf("expected allow=CIDR,... because other hosts can reach it")
	}
	if o.Address.Host != "localhost" {
		l, err := listenHost(o, o.Address.Host, o.Address.Port)
		if err != nil {
			return nil, err
		}
		return []*Listener{l}, nil
	}
	v4, err := listenHost(o, "127.0.0.1", o.Address.Port)
	if err != nil {
		return nil, err
	}
	port := v4.ln.Addr().(*net.TCPAddr).Port // the same one, where 0 asks for any
	v6, err := listenHost(o, "::1", port)
	if err != nil {
		return []*Listener{v4}, nil // a host without IPv6; OpenSSH dials 127.0.0.1 only
	}
	return []*Listener{v4, v6}, nil
}

func listenHost(o Options, host string, port int) (*Listener, error) {
	var lc net.ListenConfig // sets SO_REUSEADDR, and the system's largest backlog
	lc.SetMultipathTCP(false)
	ln, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return New(ln, o.Allow), nil
}

// New makes a Listener of ln, which lets in the TCP peers in allow.
func New(ln net.Listener, allow []netip.Prefix) *Listener {
	l := &Listener{ln: ln, allow: slices.Clone(allow), closed: make(chan struct{})}
	switch a := ln.Addr().(type) {
	case *net.UnixAddr:
		l.address = egdproto.Address{Network: "unix", Path: a.Name}
	case *net.TCPAddr:
		l.address = egdproto.Address{Network: "tcp", Host: a.AddrPort().Addr().Unmap().String(), Port: a.Port}
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
func (l *Listener) Address() egdproto.Address { return l.address }

// Allows reports whether a TCP peer may come in.
func (l *Listener) Allows(a netip.Addr) bool {
	a = a.WithZone("")
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.allow) == 0 {
		return a.IsLoopback()
	}
	return slices.ContainsFunc(l.allow, func(p netip.Prefix) bool { return p.Contains(a) })
}

// Relisten calls listen(2) again. The kernel tells clients, by SO_PEERCRED, who
// called it last; so the serving process calls it on whatever it inherited.
func (l *Listener) Relisten() error {
	const backlog = 65535 // every system cuts it to its own SOMAXCONN
	raw, err := l.socket().(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	var lerr error
	if err := raw.Control(func(fd uintptr) { lerr = unix.Listen(int(fd), backlog) }); err != nil {
		return err
	}
	if lerr != nil {
		return fmt.Errorf("listening on %s: %w", l.address, lerr)
	}
	return nil
}

// Close stops accepting, and removes the path of a socket that Listen made if
// it is still that socket.
func (l *Listener) Close() (err error) {
	l.close.Do(func() {
		l.mu.Lock()
		ours := !l.adopted
		l.mu.Unlock()
		if ours && !l.Missing() {
			err = removeSocket(l.address.Path, l.file)
		}
		close(l.closed)
		if e := l.socket().Close(); e != nil {
			err = e
		}
	})
	return err
}

// Closed is closed when l is.
func (l *Listener) Closed() <-chan struct{} { return l.closed }

// Accept and Addr make a Listener a net.Listener, so that another protocol can
// have this package's rules for paths and modes.
func (l *Listener) Accept() (net.Conn, error) { return l.socket().Accept() }

// Addr returns the address as package net has it.
func (l *Listener) Addr() net.Addr { return l.socket().Addr() }
