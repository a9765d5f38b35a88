package gatherers

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// KernelCall is [KernelBytes] by a system call. getrandom in the vDSO (Linux
// 6.11), which x/sys calls where it can, answers from a state in this process's
// own memory: a copy of that memory has the next bytes as well.
func KernelCall(b []byte) bool {
	return filled(b, getrandomCall) || readURandom(b) != missing
}

func getrandomCall(p []byte) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.GRND_NONBLOCK)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
