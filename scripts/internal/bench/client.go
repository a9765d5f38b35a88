//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// client is one connection with one request under way. It shares the machine
// with the server it measures, so it does not tell Go's scheduler about its
// system calls.
type client struct {
	fd      int
	n       byte
	left    int // bytes of the reply that are to come; -1: its length byte is next
	sent    time.Time
	replies int
	buf     []byte
}

var errStream = errors.New("the reply is not what was asked for")

func dial(path string) (*client, error) {
	c, err := dialLight(path, make([]byte, 64<<10))
	if err != nil {
		return nil, err
	}
	tick := unix.NsecToTimeval(int64(5 * time.Second)) // a reply that late is an error
	unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tick)
	return c, nil
}

// dialLight is dial without what a burst must not wait for.
func dialLight(path string, buf []byte) (*client, error) {
	fd, err := harness.Connect(path)
	if err != nil {
		return nil, err
	}
	return &client{fd: fd, buf: buf}, nil
}

func (c *client) close() { unix.Close(c.fd) }

// send asks for n bytes with command 1.
func (c *client) send(n byte) error {
	c.n, c.left, c.sent = n, -1, time.Now()
	return harness.Write(c.fd, []byte{1, n})
}

// receive reads what is there and reports whether the reply is complete.
func (c *client) receive() (bool, error) {
	n, e := harness.Read(c.fd, c.buf[:512])
	if e == unix.EINTR {
		return false, nil
	}
	if e != 0 || n == 0 {
		return false, fmt.Errorf("reading a reply: %d bytes, %w", n, e)
	}
	if c.left < 0 {
		if c.buf[0] != c.n {
			return false, errStream
		}
		c.left, n = int(c.n), n-1
	}
	if c.left -= n; c.left < 0 {
		return false, errStream
	}
	if c.left == 0 {
		c.replies++
	}
	return c.left == 0, nil
}

// ask is one round trip of a blocking client.
func (c *client) ask(n byte) (time.Duration, error) {
	if err := c.send(n); err != nil {
		return 0, err
	}
	for {
		if done, err := c.receive(); done || err != nil {
			return time.Since(c.sent), err
		}
	}
}
