package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// patience is when a client that got no answer counts as hung. A door that failed
// again and again rests for a second; nothing else takes so long.
const patience = 5 * time.Second

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
		d.ask(conn, []byte{4}, d.pidReply()),
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
	return expect(conn, reply)
}

func expect(conn net.Conn, reply []byte) error {
	got := make([]byte, len(reply))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if !bytes.Equal(got, reply) {
		return fmt.Errorf("misframed: %x", got)
	}
	return nil
}

func (d *daemon) pidReply() []byte {
	text := strconv.Itoa(d.pid)
	return append([]byte{byte(len(text))}, text...)
}

// askInPieces sends the second half of a request when the reply to the one before
// it has come: so the daemon has seen the first half alone.
func (d *daemon) askInPieces(conn net.Conn) error {
	if err := d.ask(conn, []byte{4, 3, 0, 0, 2, 0xaa}, d.pidReply()); err != nil {
		return err
	}
	return d.ask(conn, []byte{0xbb, 4}, d.pidReply())
}

// askForMany reads after a pause, so that replies get stuck.
func (d *daemon) askForMany(conn net.Conn, pause time.Duration) error {
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(append(bytes.Clone(many), 4))
		written <- err
	}()
	time.Sleep(pause)
	_, err := io.CopyN(io.Discard, conn, int64(255*len(many)/2))
	if err == nil {
		err = expect(conn, d.pidReply())
	}
	return errors.Join(err, <-written)
}

var errNoEnd = errors.New("the daemon does not close")

func (d *daemon) halfClose(conn net.Conn) error {
	if _, err := conn.Write([]byte{4}); err != nil {
		return err
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	if err := expect(conn, d.pidReply()); err != nil {
		return err
	}
	conn.SetReadDeadline(time.Now().Add(patience / 2))
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
