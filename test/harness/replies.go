//go:build linux

package harness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"

	"prngd/egdproto"
)

// Replies reads one reply after another, until one is wrong: then Err says why, and nothing more is read.
type Replies struct {
	R   io.Reader
	Err error
}

// Send writes requests, whose replies are then read.
func Send(conn io.ReadWriter, requests ...byte) *Replies {
	_, err := conn.Write(requests)
	return &Replies{conn, err}
}

// Random reads bytes that cannot be known.
func (r *Replies) Random(b []byte) {
	if r.Err != nil {
		return
	}
	if n, err := io.ReadFull(r.R, b); err != nil {
		r.Err = fmt.Errorf("%d of %d bytes: %w", n, len(b), err)
	}
}

// Discard reads so many bytes that cannot be known.
func (r *Replies) Discard(n int) {
	if r.Err == nil {
		_, r.Err = io.CopyN(io.Discard, r.R, int64(n))
	}
}

// Known reads what is known to come.
func (r *Replies) Known(what string, want []byte) {
	got := make([]byte, len(want))
	if r.Random(got); r.Err != nil {
		r.Err = fmt.Errorf("waiting for %s: %w", what, r.Err)
	} else if string(got) != string(want) {
		r.Err = fmt.Errorf("%x, expected %s, %x", got, what, want)
	}
}

// PID reads the reply to command 4.
func (r *Replies) PID(pid int) {
	text := strconv.Itoa(pid)
	r.Known("the pid", append([]byte{byte(len(text))}, text...))
}

// Level reads the reply to command 0.
func (r *Replies) Level() { r.Known("the level", binary.BigEndian.AppendUint32(nil, egdproto.Level)) }

// Length reads the first byte of a reply to command 1.
func (r *Replies) Length(n byte) { r.Known("the length", []byte{n}) }

// End wants nothing more. A reset is an end too: the daemon has not read what came behind an unknown command.
func (r *Replies) End() {
	if r.Err != nil {
		return
	}
	n, err := r.R.Read(make([]byte, 1))
	if n != 0 || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		r.Err = fmt.Errorf("%d bytes and %v, expected the end", n, err)
	}
}

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
