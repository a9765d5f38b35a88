//go:build linux

// Command floor answers EGD reads with constant bytes: what a server costs that
// computes nothing. scripts/bench measures prngd against it.
//
//	floor SOCKET
package main

import (
	"bytes"
	"log"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread()
	log.Fatal("floor: ", serve(os.Args[1])) // it serves for ever
}

// floor is one epoll instance; the listener's events carry descriptor -1.
type floor struct {
	epoll, listener int
	in              [512]byte
	out, constant   []byte
}

func serve(path string) (err error) {
	f := &floor{constant: bytes.Repeat([]byte{0xa5}, 255)}
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
				f.answer(int(e.Fd))
			}
		}
	}
}

func (f *floor) watch(fd int, name int32) {
	unix.EpollCtl(f.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: name})
}

// accept serves a newcomer at once, as its request is mostly there.
func (f *floor) accept() {
	for {
		fd, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(f.listener), 0, 0, unix.SOCK_NONBLOCK, 0, 0)
		if errno != 0 {
			return
		}
		if f.answer(int(fd)) {
			f.watch(int(fd), int32(fd))
		}
	}
}

// answer is one read and one write. It is false when the connection is closed, as after a command other than the two
// reads. The load sends whole requests of two bytes, so no read ends within one.
func (f *floor) answer(fd int) bool {
	got, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&f.in[0])), uintptr(len(f.in)))
	n := int(got)
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return true
	}
	f.out = f.out[:0]
	good := errno == 0 && n > 0 && n%2 == 0
	for i := 0; good && i < n; i += 2 {
		switch command, length := f.in[i], f.in[i+1]; command {
		case 1:
			f.out = append(append(f.out, length), f.constant[:length]...)
		case 2:
			f.out = append(f.out, f.constant[:length]...)
		default:
			good = false
		}
	}
	if !good {
		unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
		return false
	}
	for out := f.out; len(out) > 0 && (errno == 0 || errno == unix.EAGAIN || errno == unix.EINTR); {
		got, _, errno = unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)))
		if errno == 0 {
			out = out[got:]
		}
	}
	return true // if a write has failed, the connection's end is the next event
}
