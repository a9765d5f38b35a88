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

// filled fills b by as many reads as it takes; a signal may cut one short.
func filled(b []byte, read func([]byte) (int, error)) bool {
	for len(b) > 0 {
		n, err := read(b)
		switch {
		case err == unix.EINTR:
		case err != nil || n <= 0:
			return false
		default:
			b = b[n:]
		}
	}
	return true
}
