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
