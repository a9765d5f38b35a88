//go:build aix || solaris

package listen

import (
	"errors"
	"io/fs"
	"os"
)

// chmod is errors.ErrUnsupported: it would follow a link.
func chmod(path string, _ fs.FileMode) error {
	return &fs.PathError{Op: "chmod", Path: path, Err: errors.ErrUnsupported}
}

// chgrp changes the group of path, and of nothing that path may lead to.
func chgrp(path string, gid int) error { return os.Lchown(path, -1, gid) }
