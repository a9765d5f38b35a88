//go:build !linux && !aix && !solaris

package listen

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// chmod changes the mode of path, and of nothing that path may lead to.
func chmod(path string, mode fs.FileMode) error {
	err := unix.Fchmodat(unix.AT_FDCWD, path, uint32(mode.Perm()), unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return &fs.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}

// chgrp changes the group of path, and of nothing that path may lead to.
func chgrp(path string, gid int) error { return os.Lchown(path, -1, gid) }
