package seedfile_test

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// become makes the calling goroutine, and nobody else, a user as far as files are
// concerned. Only root can be somebody else; for others it does nothing.
func become(uid int) (back func()) {
	if unix.Geteuid() != 0 {
		return func() {}
	}
	runtime.LockOSThread()
	unix.SetfsuidRetUid(uid)
	return func() {
		unix.SetfsuidRetUid(0)
		runtime.UnlockOSThread()
	}
}
