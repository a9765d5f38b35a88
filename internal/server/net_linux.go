package server

import "golang.org/x/sys/unix"

// hungUp reports whether the peer has closed its end altogether. One that has only
// finished sending still reads: POLLRDHUP, but not POLLHUP.
func hungUp(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(p, 0)
	return err == nil && n > 0 && p[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
}
