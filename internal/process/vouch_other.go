//go:build !linux

package process

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"

	"prngd/internal/peercred"
)

// peerHasPID says that some of these systems tell no pid of a Unix peer.
const peerHasPID = false

// handle is a process, by its number.
type handle struct{ pid int }

func open(pid int) (*handle, error) { return &handle{pid}, nil }

// Signal sends sig to the process.
func (h *handle) Signal(sig unix.Signal) error { return unix.Kill(h.pid, sig) }

// Close does nothing.
func (h *handle) Close() {}

// isOf accepts any pid: this system has no way to check it.
func (h *handle) isOf(net.Conn, peercred.Cred) error { return nil }

// vouchedBySocket cannot: these systems do not tell whose a TCP connection is.
func vouchedBySocket(net.Conn, int) error {
	return errors.New("this system does not tell which process has a TCP connection: expected a Unix socket")
}
