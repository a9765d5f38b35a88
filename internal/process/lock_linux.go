package process

import (
	"io"

	"golang.org/x/sys/unix"
)

// lock locks the open file fd, which keeps the lock over an exec. Some file systems
// have none: then nobody sees that the file is in use. Anybody who may read the file
// could take the lock of flock(2), and have each start of a daemon refused. This one
// takes the right to write.
func lock(fd int) {
	l := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	_ = unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &l)
}

// isLocked reports whether the file that fd leads to is locked by another to write.
func isLocked(fd int) bool {
	l := unix.Flock_t{Type: unix.F_RDLCK, Whence: io.SeekStart}
	return unix.FcntlFlock(uintptr(fd), unix.F_OFD_GETLK, &l) == nil && l.Type == unix.F_WRLCK
}
