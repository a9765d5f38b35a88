package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"time"
)

// odd is a connection that an upgrade finds in the middle of something.
type odd struct {
	name   string
	conn   net.Conn
	finish func() (replies int, err error)
}

// manyReads is more than the socket and the daemon take together: their replies
// are 510,000 bytes.
var manyReads = bytes.Repeat([]byte{2, 255}, 2000)

func (d daemon) oddConnections() (list []odd, err error) {
	for _, make := range []func(net.Conn) odd{d.halfRead, d.unsent, d.halfClosed, d.silent} {
		conn, err := d.dial()
		if err != nil {
			return nil, err
		}
		conn.SetDeadline(time.Now().Add(25 * time.Second))
		o := make(conn)
		inner := o.finish
		o.finish = func() (int, error) {
			defer conn.Close()
			n, err := inner()
			if err != nil {
				err = fmt.Errorf("connection with %s: %w", o.name, err)
			}
			return n, err
		}
		list = append(list, o)
	}
	return list, nil
}

// halfRead has sent the beginning of a gift, the rest comes later.
func (d daemon) halfRead(conn net.Conn) odd {
	conn.Write([]byte{4, 3, 0, 0, 4, 0xaa, 0xbb})
	return odd{"a half-read request", conn, func() (int, error) {
		conn.Write([]byte{0xcc, 0xdd, 4})
		e := &expect{r: conn}
		e.pid(d.pid)
		e.pid(d.pid)
		return 2, e.err
	}}
}

// unsent has asked for more than it has read: part of a reply is still to come.
func (d daemon) unsent(conn net.Conn) odd {
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(append(bytes.Clone(manyReads), 4))
		written <- err
	}()
	e := &expect{r: conn}
	e.random(make([]byte, 100)) // it has begun
	return odd{"unsent replies", conn, func() (int, error) {
		_, err := io.CopyN(io.Discard, conn, int64(255*len(manyReads)/2-100))
		if e.err == nil {
			e.err = err
		}
		e.pid(d.pid)
		if err := <-written; e.err == nil {
			e.err = err
		}
		return len(manyReads)/2 + 1, e.err
	}}
}

// halfClosed will say nothing more, and waits for what it asked.
func (d daemon) halfClosed(conn net.Conn) odd {
	const asked = 1500 // fits into the socket and the daemon's 4 KiB
	conn.Write(append(bytes.Clone(manyReads[:2*asked]), 4))
	conn.(*net.UnixConn).CloseWrite()
	return odd{"its own half closed", conn, func() (int, error) {
		e := &expect{r: conn}
		if _, err := io.CopyN(io.Discard, conn, 255*asked); err != nil {
			return 0, err
		}
		e.pid(d.pid)
		if n, err := conn.Read(make([]byte, 1)); e.err == nil && err != io.EOF {
			e.err = fmt.Errorf("%d bytes and %v, expected the end: %w", n, err, errMisframed)
		}
		return asked + 1, e.err
	}}
}

// silent has not said anything yet, as a guest without a driver.
func (d daemon) silent(conn net.Conn) odd {
	return odd{"nothing said yet", conn, func() (int, error) {
		conn.Write([]byte{4})
		e := &expect{r: conn}
		e.pid(d.pid)
		return 1, e.err
	}}
}
