//go:build linux

package harness

import (
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DialAs connects as uid, if we are root, or else as we are; what the kernel tells the daemon is the client. It waits where the backlog is
// full, as programs in C do; Go's own dialling does not.
func DialAs(path string, uid int) (net.Conn, error) {
	fd, err := -1, error(nil)
	as(uid, func() { fd, err = Connect(path) })
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	return net.FileConn(f)
}

// Connect returns a descriptor connected to the Unix socket at path.
func Connect(path string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// as has f run with another effective uid. On Linux that is the thread's.
func as(uid int, f func()) {
	if os.Getuid() != 0 || uid == 0 {
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

// Ask sends a request and reads n bytes of replies, or fewer if there are no more.
func Ask(c net.Conn, request []byte, n int) ([]byte, error) {
	c.SetDeadline(time.Now().Add(Patience))
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
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
