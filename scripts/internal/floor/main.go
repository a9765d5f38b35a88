//go:build linux

// Command floor answers EGD reads with constant bytes: what a server costs that
// computes nothing. scripts/bench measures prngd against it.
//
//	floor SOCKET
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: floor SOCKET")
		os.Exit(2)
	}
	runtime.LockOSThread()
	fmt.Fprintln(os.Stderr, "floor:", serve(os.Args[1])) // it serves for ever
	os.Exit(1)
}

// floor is one epoll instance; the listener's events carry descriptor -1.
type floor struct {
	epoll, listener int
	pending         map[int32]byte // a command whose length byte has not come
	in              [512]byte
	out             []byte
	constant        []byte
}

func serve(path string) error {
	f := &floor{pending: map[int32]byte{}, constant: bytes.Repeat([]byte{0xa5}, 255)}
	var err error
	if f.listener, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0); err != nil {
		return err
	}
	os.Remove(path)
	if err := unix.Bind(f.listener, &unix.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	if err := unix.Listen(f.listener, 4096); err != nil {
		return err
	}
	if f.epoll, err = unix.EpollCreate1(0); err != nil {
		return err
	}
	f.watch(f.listener, -1)
	return f.run()
}

func (f *floor) watch(fd int, name int32) {
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: name}
	unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &e)
}

func (f *floor) run() error {
	var events [256]unix.EpollEvent
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(f.epoll), uintptr(unsafe.Pointer(&events[0])),
			uintptr(len(events)), ^uintptr(0), 0, 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return errno
		}
		for _, e := range events[:n] {
			if e.Fd < 0 {
				f.accept()
			} else {
				f.answer(e.Fd)
			}
		}
	}
}

// accept serves a newcomer at once, as its request is mostly there.
func (f *floor) accept() {
	for {
		fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(f.listener), 0, 0, unix.SOCK_NONBLOCK, 0, 0)
		if errno != 0 {
			return
		}
		if f.answer(int32(fd)) {
			f.watch(int(fd), int32(fd))
		}
	}
}

// answer is one read and one write. It is false when the connection is closed.
func (f *floor) answer(fd int32) bool {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&f.in[0])), uintptr(len(f.in)))
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return true
	}
	if errno != 0 || n == 0 || !f.reply(fd, f.in[:n]) {
		delete(f.pending, fd)
		unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
		return false
	}
	for out := f.out; len(out) > 0; {
		n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)))
		if errno == 0 {
			out = out[n:]
		} else if errno != unix.EAGAIN && errno != unix.EINTR {
			break // its end is the next event
		}
	}
	return true
}

// reply puts the answers to in into out. It is false for a command other than
// the two reads.
func (f *floor) reply(fd int32, in []byte) bool {
	f.out = f.out[:0]
	command, half := byte(0), false
	if len(f.pending) > 0 {
		command, half = f.pending[fd]
	}
	for _, b := range in {
		switch {
		case !half && (b == 1 || b == 2):
			command, half = b, true
		case !half:
			return false
		default:
			if command == 1 {
				f.out = append(f.out, b)
			}
			f.out = append(f.out, f.constant[:b]...)
			half = false
		}
	}
	if half {
		f.pending[fd] = command
	} else if len(f.pending) > 0 {
		delete(f.pending, fd)
	}
	return true
}
