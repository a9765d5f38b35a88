//go:build linux

package harness

import (
	"bytes"
	"errors"
	"net"
)

// Halves: each begins something on a connection, and returns what finishes it and says what was wrong. The daemon may
// become another program in between, or be slow.

// ManyReads is more than a socket and the daemon hold: their replies are 510,000 bytes.
func ManyReads() []byte { return bytes.Repeat([]byte{2, 255}, 2000) }

// HalfRead has sent the beginning of a gift, and the daemon has read it: the reply to what came before is there.
func HalfRead(conn net.Conn, pid int) (finish func() error) {
	first := Send(conn, 4, 3, 0, 0, 4, 0xaa, 0xbb)
	first.PID(pid)
	return func() error {
		if first.Err != nil {
			return first.Err
		}
		r := Send(conn, 0xcc, 0xdd, 4)
		r.PID(pid)
		return r.Err
	}
}

// Unsent has asked for more than it has read: part of a reply is still to come.
func Unsent(conn net.Conn, pid int) (finish func() error) {
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(append(ManyReads(), 4))
		written <- err
	}()
	r := &Replies{R: conn}
	r.Discard(100) // it has begun
	return func() error {
		r.Discard(255*len(ManyReads())/2 - 100)
		r.PID(pid)
		return errors.Join(r.Err, <-written)
	}
}
