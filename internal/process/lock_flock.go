//go:build !aix && !solaris && !linux

package process

import "golang.org/x/sys/unix"

// lock locks the open file fd, which keeps the lock over an exec. Some file systems
// have none: then nobody sees that the file is in use.
func lock(fd int) { _ = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) }

// isLocked reports whether the file that fd leads to is locked by another.
func isLocked(fd int) bool { return unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB) == unix.EWOULDBLOCK }
