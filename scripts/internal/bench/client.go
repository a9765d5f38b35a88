//go:build linux

package main

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
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
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	tick := unix.NsecToTimeval(int64(5 * time.Second)) // a reply that late is an error
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tick)
	return &client{fd: fd, buf: make([]byte, 64<<10)}, nil
}

func (c *client) close() { unix.Close(c.fd) }

func read(fd int, p []byte) (int, unix.Errno) {
	n, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), e
}

// write sends a request that always fits.
func write(fd int, p []byte) error {
	for len(p) > 0 {
		n, _, e := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		if e == unix.EINTR || e == unix.EAGAIN {
			continue
		}
		if e != 0 {
			return e
		}
		p = p[n:]
	}
	return nil
}

// send asks for n bytes with command 1.
func (c *client) send(n byte) error {
	c.n, c.left, c.sent = n, -1, time.Now()
	return write(c.fd, []byte{1, n})
}

// receive reads what is there and reports whether the reply is complete.
func (c *client) receive() (bool, error) {
	n, e := read(c.fd, c.buf[:512])
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

// pin keeps the calling thread on one processor.
func pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(0, &set)
}
