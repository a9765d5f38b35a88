package privileges

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// DropCapabilities empties the capability sets of every thread and sets
// no_new_privs, so that executing a program gives none back, not even to uid 0.
// The bounding set stays as it was: it is what a program could gain, and none
// can gain anything now.
func DropCapabilities() error {
	if verifyNoCapabilities() == nil {
		return nil // a supervisor has seen to it, and may have forbidden capset(2)
	}
	if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("setting no_new_privs: %w", errno)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3} // pid 0: the calling thread
	var none [2]unix.CapUserData                                           // version 3 has 64 bits, in two halves
	_, _, errno := psx.Syscall3(unix.SYS_CAPSET,
		uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0)
	runtime.KeepAlive(&header)
	runtime.KeepAlive(&none)
	if errno != 0 {
		return fmt.Errorf("dropping capabilities: %w", errno)
	}
	return verifyNoCapabilities()
}

func verifyNoCapabilities() error {
	set, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil {
		return fmt.Errorf("reading no_new_privs: %w", err)
	}
	if set != 1 {
		return fmt.Errorf("no_new_privs is %d, expected 1", set)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var left [2]unix.CapUserData
	if err := unix.Capget(&header, &left[0]); err != nil {
		return fmt.Errorf("reading capabilities: %w", err)
	}
	if left != [2]unix.CapUserData{} {
		return fmt.Errorf("capabilities left: %+v, expected none", left)
	}
	return nil
}
