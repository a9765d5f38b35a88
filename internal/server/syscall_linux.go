package server

import (
	"encoding/binary"
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The loop's system calls do not wait, so it does not tell Go's scheduler about
// them: that would cost more than the rest of a request.

// What the events of a loop are marked with: ownMark for its bell and its pulse,
// a wire's mark, which is greater, or -1-i for doors[i].
const ownMark = 0

// receive and send are read(2) and write(2) for sockets alone, which makes them
// a good deal cheaper: 5 % of a request's CPU.

func rawReceive(fd int32, p []byte) (int, syscall.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), 0, 0, 0)
	return int(n), e
}

func rawSend(fd int32, p []byte) (int, syscall.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	return int(n), e
}

func rawClose(fd int32) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

// watch adds or changes what the loop wants to know of fd.
func (l *loop) watch(op, fd int, events uint32, mark int32) error {
	e := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: mark}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(l.epoll), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&e)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// poll waits for events, but not for long: the scheduler is not told.
func (l *loop) poll(limit time.Duration) int {
	n, _, e := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll),
		uintptr(unsafe.Pointer(&l.events[0])), uintptr(len(l.events)), uintptr(milliseconds(limit)), 0, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}

// sleep waits for events, and leaves the processor to others.
func (l *loop) sleep(limit time.Duration) int {
	n, err := unix.EpollWait(l.epoll, l.events[:], milliseconds(limit))
	if err != nil {
		return 0
	}
	return n
}

// milliseconds rounds up, as epoll_wait takes no less; -1 stands for ever.
func milliseconds(d time.Duration) int {
	if d == math.MaxInt64 {
		return -1
	}
	return int(min((d+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
}

// ring and silence are the two ends of an eventfd.
func ring(fd int) {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	unix.Write(fd, one[:])
}

func silence(fd int) {
	var count [8]byte
	unix.Read(fd, count[:])
}
