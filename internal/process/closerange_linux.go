package process

import "golang.org/x/sys/unix"

// closeRange sets close-on-exec for every descriptor from first on, open ones
// only. Source: close_range(2), Linux 5.11.
func closeRange(first uint) error {
	return unix.CloseRange(first, 1<<32-1, unix.CLOSE_RANGE_CLOEXEC)
}
