//go:build aix || solaris

package seedfile_test

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// A process cannot stand in its own way by fcntl locks.
func lockForever(*os.File) error { return errors.ErrUnsupported }

func mkfifo(path string) error { return unix.Mknod(path, unix.S_IFIFO|0o600, 0) }
