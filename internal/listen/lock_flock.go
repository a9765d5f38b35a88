//go:build !aix && !solaris

package listen

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a directory until it is closed. It does not wait.
func tryLock(dir *os.File) error {
	return os.NewSyscallError("flock", unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB))
}

// chmod changes the mode of path, and of nothing that path may lead to.
func chmod(path string, mode os.FileMode) error {
	err := unix.Fchmodat(unix.AT_FDCWD, path, uint32(mode.Perm()), unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return &os.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}
