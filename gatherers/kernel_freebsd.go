package gatherers

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const grndNonblock = 1 // sys/random.h

// readKernel fills b by getrandom(2), which with GRND_NONBLOCK gives EAGAIN
// until the kernel's Fortuna has been seeded. x/sys has only its number.
func readKernel(b []byte, _ bool) KernelState {
	if filled(b, getrandom) {
		return KernelSeeded
	}
	return KernelMissing
}

func getrandom(p []byte) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), grndNonblock)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
