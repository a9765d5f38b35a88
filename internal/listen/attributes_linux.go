package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// chmod and chgrp change the mode and the group of the socket at path, and of nothing
// else that the owner of its directory may put there meanwhile, such as another name
// of a file of root's.

func chmod(path string, mode fs.FileMode) error {
	return onSocket("chmod", path, func(fd int) error {
		// fchmodat(2) of a descriptor wants Linux 6.6.
		err := unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), uint32(mode.Perm()))
		if err == unix.ENOENT { // there is no /proc
			err = unix.Fchmodat(unix.AT_FDCWD, path, uint32(mode.Perm()), unix.AT_SYMLINK_NOFOLLOW)
		}
		return err
	})
}

func chgrp(path string, gid int) error {
	return onSocket("chown", path, func(fd int) error { return unix.Fchownat(fd, "", -1, gid, unix.AT_EMPTY_PATH) })
}

// onSocket opens the socket at path for do.
func onSocket(op, path string, do func(fd int) error) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	info, err := file.Stat()
	if err == nil && info.Mode().Type() != fs.ModeSocket {
		err = errors.New("no longer a socket, will not touch it")
	}
	if err == nil {
		err = do(fd)
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}
