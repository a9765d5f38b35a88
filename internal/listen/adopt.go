package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
)

// handedSocket is a descriptor that stays open over the exec, and what was known
// of it.
type handedSocket struct {
	FD      int              `json:"fd"`
	Address egdproto.Address `json:"address"`
	Path    []byte           `json:"path,omitempty"`
	File    identity         `json:"file"`
	Mode    fs.FileMode      `json:"mode"`
	UID     int              `json:"uid"`
	GID     int              `json:"gid"`
	Foreign bool             `json:"foreign,omitempty"`
}

// described is what adopt needs to know of l beside the descriptor.
func (l *Listener) described() handedSocket {
	o := l.opened
	a := l.Address()
	return handedSocket{Address: a, Path: []byte(a.Path), File: o.file, Mode: o.mode, UID: o.uid, GID: o.gid, Foreign: o.foreign}
}

// adopt makes a Listener of a descriptor, of which h is known, and closes f.
func adopt(f *os.File, h handedSocket) (*Listener, error) {
	defer f.Close()
	ln, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("adopting descriptor %s: %w", f.Name(), err)
	}
	l := NewListener(ln, nil)
	if l.opened.address.Network == "" {
		ln.Close()
		return nil, fmt.Errorf("adopting descriptor %s: expected a Unix or TCP socket, found %s", f.Name(), ln.Addr().Network())
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if h.Address.Network != "" {
		l.opened.address, l.path = h.Address, h.Address.Path
	}
	l.opened.file, l.opened.mode, l.opened.uid, l.opened.gid, l.opened.foreign = h.File, h.Mode, h.UID, h.GID, h.Foreign
	return l, nil
}

// haveListen has a supervisor's socket listen, which it does already if all is well.
// It refuses what accepts no streams: the connection of a unit with Accept=yes, a
// datagram socket. Package net takes them all, and SO_ACCEPTCONN is 0 for every Unix
// socket of gVisor.
func haveListen(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err == nil && kind != unix.SOCK_STREAM {
		return fmt.Errorf("expected a stream socket, found one of type %d", kind)
	}
	if _, err := unix.Getpeername(fd); err == nil {
		return errors.New("expected a socket that listens, found a connection")
	}
	if bound, _ := unix.Getsockname(fd); withoutPort(bound) { // listen(2) would choose one
		return errors.New("expected a socket that listens, found one without a port")
	}
	if err := unix.Listen(fd, backlog); err != nil && !errors.Is(err, unix.ENOTSOCK) { // package net tells what is none
		return fmt.Errorf("expected a socket that listens: %w", err)
	}
	return nil
}

func withoutPort(a unix.Sockaddr) bool {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return a.Port == 0
	case *unix.SockaddrInet6:
		return a.Port == 0
	}
	return false
}
