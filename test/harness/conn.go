//go:build linux

package harness

import (
	"io"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Conn is a connection made as some user.
type Conn struct {
	*os.File
	FD int
}

// DialAs connects as uid, if we are root; what the kernel tells the daemon is the client. It waits where the backlog is
// full, as programs in C do; Go's own dialling does not.
func DialAs(path string, uid int) (c *Conn, err error) {
	fd := -1
	as(uid, func() { fd, err = Connect(path) })
	return opened(fd, err)
}

// DialFrom connects from one address of this host to a port of it.
func DialFrom(from [4]byte, port int) (*Conn, error) {
	return opened(connect(unix.AF_INET, func(fd int) error {
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: from}); err != nil {
			return err
		}
		return unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port})
	}))
}

// Connect returns a descriptor connected to the Unix socket at path.
func Connect(path string) (int, error) {
	return connect(unix.AF_UNIX, func(fd int) error { return unix.Connect(fd, &unix.SockaddrUnix{Name: path}) })
}

func connect(family int, how func(fd int) error) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := how(fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func opened(fd int, err error) (*Conn, error) {
	if err != nil {
		return nil, err
	}
	unix.SetNonblock(fd, true)
	return &Conn{os.NewFile(uintptr(fd), "connection"), fd}, nil
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

// Ask sends a request and reads so many bytes of replies.
func (c *Conn) Ask(request []byte, n int) ([]byte, error) {
	c.SetDeadline(time.Now().Add(Patience))
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	return c.Take(n)
}

// Take reads n bytes, or fewer if there are no more.
func (c *Conn) Take(n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := io.ReadFull(c, b)
	return b[:n], err
}

// Read is read(2), of which Go's scheduler is not told.
func Read(fd int, p []byte) (int, unix.Errno) {
	n, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), e
}

// Write sends requests that always fit, as Read.
func Write(fd int, p []byte) error {
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
