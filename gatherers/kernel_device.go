//go:build !freebsd

package gatherers

import "golang.org/x/sys/unix"

// openCharDevice opens a character device for reading without blocking. It
// returns -1 if there is none: in a chroot its name may be a file or a pipe.
func openCharDevice(path string) int {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFCHR {
		unix.Close(fd)
		return -1
	}
	return fd
}

// readDevice fills b from a descriptor, which it closes, and reports whether it
// could. It accepts -1.
func readDevice(b []byte, fd int) bool {
	if fd < 0 {
		return false
	}
	defer unix.Close(fd)
	return filled(b, func(p []byte) (int, error) { return unix.Read(fd, p) })
}
