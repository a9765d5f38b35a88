//go:build !aix && !solaris

package seedfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks the whole file, exclusively or shared, or says ErrInUse at
// once. flock(2) is what Postfix uses for its exchange file on these systems;
// the lock belongs to the open file, survives exec, and ends with its last
// descriptor.
func tryLock(f *os.File, exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrInUse
		case !errors.Is(err, unix.EINTR):
			return os.NewSyscallError("flock", err)
		}
	}
}

func unlock(f *os.File) error {
	return os.NewSyscallError("flock", unix.Flock(int(f.Fd()), unix.LOCK_UN))
}
