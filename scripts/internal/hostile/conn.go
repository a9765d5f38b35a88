//go:build linux

package main

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is a connection made as some user.
type conn struct {
	*os.File
	fd int
}

// dial connects as uid, if we are root; what the kernel tells the daemon is
// who connected. It waits where the backlog is full, as programs in C do; Go's
// own dialling does not.
func (t target) dial(uid int) (*conn, error) { return dialPath(t.socket, uid) }

func dialPath(path string, uid int) (*conn, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	as(uid, func() { err = unix.Connect(fd, &unix.SockaddrUnix{Name: path}) })
	return opened(fd, err)
}

// dialTCP connects from one address of this host to another.
func (t target) dialTCP(from [4]byte) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err = unix.Bind(fd, &unix.SockaddrInet4{Addr: from}); err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: t.port})
	}
	return opened(fd, err)
}

func opened(fd int, err error) (*conn, error) {
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	unix.SetNonblock(fd, true)
	return &conn{os.NewFile(uintptr(fd), "connection"), fd}, nil
}

// as has f run with another effective uid. On Linux that is the thread's.
func as(uid int, f func()) {
	if os.Getuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	become := func(uid int) {
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			panic("internal error: changing the thread's uid: " + errno.Error())
		}
	}
	become(uid)
	f()
	become(0)
}

// ask sends a request and reads so many bytes of replies.
func (c *conn) ask(request []byte, n int) ([]byte, error) {
	c.SetDeadline(time.Now().Add(lateAfter))
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	return c.take(n)
}

// take reads n bytes, or fewer if there are no more.
func (c *conn) take(n int) ([]byte, error) {
	b := make([]byte, n)
	got := 0
	for got < n {
		m, err := c.Read(b[got:])
		if got += m; err != nil {
			return b[:got], err
		}
	}
	return b, nil
}

// waiting returns how many bytes lie in the socket for us.
func (c *conn) waiting() int {
	n, _ := unix.IoctlGetInt(c.fd, unix.TIOCINQ)
	return n
}

func (c *conn) closeWrite() { unix.Shutdown(c.fd, unix.SHUT_WR) }
