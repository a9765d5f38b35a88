package server

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// attempt is one write that does not wait. It keeps its function value, so that
// a write allocates nothing.
type attempt struct {
	p      []byte
	n      int
	err    error
	starve bool // the kernel was short of something
	do     func(fd uintptr) bool
}

// try writes what the peer has room for now. A write to a socket whose peer is
// gone is an error here: Go lets SIGPIPE end a process for descriptors 1 and 2
// alone, and only in package os.
func (a *attempt) try(raw syscall.RawConn, p []byte) (int, error) {
	if a.do == nil {
		a.do = a.once
	}
	a.p, a.n, a.err, a.starve = p, 0, nil, false
	err := raw.Write(a.do)
	a.p = nil
	if err != nil {
		return 0, err
	}
	return a.n, a.err
}

func (a *attempt) once(fd uintptr) bool {
	for {
		n, err := unix.Write(int(fd), a.p)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		a.took(max(n, 0), err)
		return true
	}
}

// took notes the outcome. Neither a full socket nor a kernel that is short of
// memory is the end of a connection.
func (a *attempt) took(n int, err error) {
	a.n, a.starve = n, scarce(err)
	if !a.starve && !errors.Is(err, unix.EAGAIN) {
		a.err = err
	}
}

// scarce reports whether err says that the kernel was short of something that
// others give back: then it is tried again later.
func scarce(err error) bool {
	return errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM)
}

// writable reports whether a write would take something, or fail, at once.
func writable(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
}
