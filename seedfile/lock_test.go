//go:build !aix && !solaris

package seedfile_test

import (
	"os"
	"syscall"
)

// lockForever is another program that never lets go.
func lockForever(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX) }

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }
