// Package peercred reads the credentials of the process at the other end of a Unix socket.
//
// The kernel notes it when the connection is made: a connecting client's
// credentials at connect(2), a listening server's at listen(2). They do not
// follow a later change of uid, and a pid may since have been used again.
package peercred

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Cred is a peer as the kernel names it: its process id and its effective user
// and group id, each -1 where the system does not say.
type Cred struct{ PID, UID, GID int }

// unknown is a peer without known credentials.
var unknown = Cred{PID: -1, UID: -1, GID: -1}

// Of returns the credentials of the peer of c. The error is errors.ErrUnsupported
// where the system has no such call, and for a socket that has no such peer.
func Of(c syscall.RawConn) (Cred, error) {
	cred, err := unknown, error(nil)
	if e := c.Control(func(fd uintptr) { cred, err = OfFD(int(fd)) }); e != nil {
		return unknown, fmt.Errorf("reading peer credentials: %w", e)
	}
	return cred, err
}

// OfFD is Of for a bare descriptor.
func OfFD(fd int) (Cred, error) {
	cred, err := ofFD(fd)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOPROTOOPT) {
		return unknown, errors.ErrUnsupported
	}
	if err != nil {
		return unknown, fmt.Errorf("reading peer credentials: %w", err)
	}
	if cred.UID == -1 {
		return unknown, errors.ErrUnsupported
	}
	return cred, nil
}

// id converts an id of the kernel's, whose -1 stands for nobody.
func id(v uint32) int { return int(int32(v)) }

// pid converts a process id of the kernel's. It is 0 where the peer lives in a
// container whose processes we cannot see.
func pid(v int32) int {
	if v <= 0 {
		return -1
	}
	return int(v)
}

// OfConn is Of for a connection as package net has it. One without a
// descriptor, or of TCP, gives errors.ErrUnsupported.
func OfConn(c net.Conn) (Cred, error) {
	sock, ok := c.(syscall.Conn)
	if !ok || c.LocalAddr().Network() != "unix" {
		return unknown, errors.ErrUnsupported
	}
	raw, err := sock.SyscallConn()
	if err != nil {
		return unknown, err
	}
	return Of(raw)
}

// WithoutName returns what an error of package net is about, and any other error as it
// is. The text of the former names a socket by the path that it was bound to: of the
// daemon's that is a temporary one.
func WithoutName(err error) error {
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network.Err
	}
	return err
}
