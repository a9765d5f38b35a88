package gatherers

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The devices by their number, as Documentation/admin-guide/devices.txt has
// them: a name alone can be anything in a chroot.
const (
	devRandom  = 1<<8 | 8
	devURandom = 1<<8 | 9
)

// isKernelDevice goes by the number of the device. One that this process may not see,
// having opened it while it was root, may be any.
func isKernelDevice(path string) bool {
	var st unix.Stat_t
	return unix.Stat(path, &st) != nil || st.Mode&unix.S_IFMT == unix.S_IFCHR && (st.Rdev == devRandom || st.Rdev == devURandom)
}

// readKernel fills b by getrandom(2), or else from the device. x/sys asks the
// vDSO, unless a system call is wanted.
func readKernel(b []byte, call bool) KernelState {
	if call {
		return readGetrandom(b, callGetrandom)
	}
	return readGetrandom(b, unix.Getrandom)
}

// getrandomFlags: before the kernel is seeded the answer is EAGAIN.
const getrandomFlags = unix.GRND_NONBLOCK

// readGetrandom fills b by getrandom or, where that fails because it is missing
// (ENOSYS), forbidden (EPERM) or has nothing yet (EAGAIN), from the device.
func readGetrandom(b []byte, getrandom func([]byte, int) (int, error)) KernelState {
	if filled(b, func(p []byte) (int, error) { return getrandom(p, getrandomFlags) }) {
		return KernelSeeded
	}
	return readURandom(b, "/dev/random", "/dev/urandom")
}

func callGetrandom(p []byte, flags int) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(flags))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// readURandom fills b from /dev/urandom, which always answers, so that
// /dev/random has to say whether it was seeded: it is readable only then.
func readURandom(b []byte, random, urandom string) KernelState {
	// Asked first: a kernel that is seeded by the time of the read will do, but
	// one that was seeded between the read and the question will not.
	known := readable(random, devRandom)
	switch {
	case !readDevice(b, openDevice(urandom, devURandom)):
		return KernelMissing
	case known:
		return KernelSeeded
	}
	return KernelUnproven
}

// readable tells whether a read of the device would not block.
func readable(path string, number uint64) bool {
	fd := openDevice(path, number)
	if fd < 0 {
		return false
	}
	defer unix.Close(fd)
	ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(ready, 0)
	return n == 1 && err == nil && ready[0].Revents == unix.POLLIN
}

// openDevice opens a device of that number, and nothing else under its name.
// It returns -1 if there is none.
func openDevice(path string, number uint64) int {
	fd := openCharDevice(path)
	if fd < 0 {
		return -1
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || uint64(st.Rdev) != number {
		unix.Close(fd)
		return -1
	}
	return fd
}
