//go:build aix || solaris

package listen

import (
	"errors"
	"os"
)

// tryLock is errors.ErrUnsupported: fcntl(2) locks no directory.
func tryLock(*os.File) error { return errors.ErrUnsupported }
