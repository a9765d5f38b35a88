package gatherers

import "golang.org/x/sys/unix"

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
