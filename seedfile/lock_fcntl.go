//go:build aix || solaris

package seedfile

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks the whole file, exclusively or shared, or says ErrInUse at
// once. fcntl(2) is what Postfix uses for its exchange file on these systems.
// The lock belongs to the process: it survives exec, and closing any other
// descriptor of the same file would end it, so there is never another.
func tryLock(f *os.File, exclusive bool) error {
	kind := int16(unix.F_RDLCK)
	if exclusive {
		kind = unix.F_WRLCK
	}
	for {
		err := setLock(f, kind)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES):
			return ErrInUse
		case !errors.Is(err, unix.EINTR):
			return os.NewSyscallError("fcntl", err)
		}
	}
}

func unlock(f *os.File) error {
	return os.NewSyscallError("fcntl", setLock(f, unix.F_UNLCK))
}

func setLock(f *os.File, kind int16) error {
	return unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: kind, Whence: io.SeekStart})
}
