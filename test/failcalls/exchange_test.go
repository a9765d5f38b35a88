//go:build linux

package failcalls

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"prngd/test/harness"
)

// patience is when a client that got no answer counts as hung: far more than a busy machine takes.
const patience = time.Minute

// forEnd is how long a connection that the daemon has to close may stay open.
const forEnd = 10 * time.Second

// many is more replies than the socket and the daemon hold: 510,000 bytes.
var many = bytes.Repeat([]byte{2, 255}, 2000)

// slowly is how long the client at hand reads nothing of its many replies: the
// daemon has filled the socket by then. If not, it makes a call or two less.
const slowly = 20 * time.Millisecond

// exchange is the life of one client that makes the daemon do everything: a
// single request, a request in two pieces, more replies than are read for a
// while, and its own half closed before the last answer.
func (d *daemon) exchange(network, address string, pause time.Duration) verdict {
	conn, err := net.Dial(network, address)
	if err != nil {
		return verdict(err.Error())
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	err = errors.Join(
		d.ask(conn, []byte{4}, harness.PIDReply(d.PID)),
		d.askInPieces(conn),
		d.askForMany(conn, pause),
		d.halfClose(conn),
	)
	switch {
	case errors.Is(err, errNoEnd):
		return noEnd
	case errors.Is(err, os.ErrDeadlineExceeded):
		return hung
	case err != nil:
		return dropped
	}
	return answered
}

// ask sends a request, and expects this reply, or as many bytes.
func (d *daemon) ask(conn net.Conn, request, reply []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	r := &harness.Replies{R: conn}
	r.Known("the reply", reply)
	return r.Err
}

// askInPieces sends the second half of a request when the reply to the one before
// it has come: so the daemon has seen the first half alone.
func (d *daemon) askInPieces(conn net.Conn) error {
	if err := d.ask(conn, []byte{4, 3, 0, 0, 2, 0xaa}, harness.PIDReply(d.PID)); err != nil {
		return err
	}
	return d.ask(conn, []byte{0xbb, 4}, harness.PIDReply(d.PID))
}

// askForMany reads after a pause, so that replies get stuck.
func (d *daemon) askForMany(conn net.Conn, pause time.Duration) error {
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(append(bytes.Clone(many), 4))
		written <- err
	}()
	time.Sleep(pause)
	r := &harness.Replies{R: conn}
	r.Discard(255 * len(many) / 2)
	r.PID(d.PID)
	return errors.Join(r.Err, <-written)
}

var errNoEnd = errors.New("the daemon does not close")

func (d *daemon) halfClose(conn net.Conn) error {
	if _, err := conn.Write([]byte{4}); err != nil {
		return err
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	r := &harness.Replies{R: conn}
	if r.PID(d.PID); r.Err != nil {
		return r.Err
	}
	conn.SetReadDeadline(time.Now().Add(forEnd))
	n, err := conn.Read(make([]byte, 1))
	switch {
	case n > 0:
		return errors.New("bytes after the last reply")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errNoEnd
	case err != io.EOF:
		return err
	}
	return nil
}
