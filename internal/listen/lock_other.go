//go:build aix || solaris

package listen

import (
	"errors"
	"os"
)

// tryLock is errors.ErrUnsupported: fcntl(2) locks no directory.
func tryLock(*os.File) error { return errors.ErrUnsupported }

// chmod is errors.ErrUnsupported: it would follow a link.
func chmod(path string, _ os.FileMode) error {
	return &os.PathError{Op: "chmod", Path: path, Err: errors.ErrUnsupported}
}
