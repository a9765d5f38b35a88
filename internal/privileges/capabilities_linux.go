package privileges

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// DropCapabilities empties the capability sets of every thread and sets
// no_new_privs, so that executing a program gives none back, not even to uid 0.
// The bounding set stays as it was: it is what a program could gain, and none can
// gain anything now. Each is tried, whatever became of the other; a call that has
// nothing to do is not made, since a supervisor may have forbidden it. [Read] says
// what is.
func DropCapabilities() error {
	now := callingThread() // the others have what it has: nothing changes one alone
	var errs []error
	if now.NoNewPrivs != isSet {
		if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
			errs = append(errs, fmt.Errorf("setting no_new_privs: %v", errno))
		}
	}
	if now.Capabilities != none {
		if errno := emptyCapabilities(); errno != 0 {
			errs = append(errs, fmt.Errorf("dropping capabilities: %v", errno))
		}
	}
	return errors.Join(errs...)
}

// emptyCapabilities calls capset(2) on every thread.
func emptyCapabilities() unix.Errno {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3} // pid 0: the calling thread
	var empty [2]unix.CapUserData                                          // version 3 has 64 bits, in two halves
	_, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&empty[0])), 0)
	runtime.KeepAlive(&header)
	runtime.KeepAlive(&empty)
	return errno
}
