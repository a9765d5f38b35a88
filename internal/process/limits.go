package process

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// OpenFiles raises the limit of open descriptors as far as it may and returns
// it. Go has done that at start and undoes it for the programs we run; a call
// of our own would end the latter, so it is made only where Go's had no effect.
func OpenFiles() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("reading the limit of open files: %w", err)
	}
	if limit.Cur != limit.Max {
		raised := limit
		raised.Cur = raised.Max
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) == nil {
			limit = raised
		}
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)), nil // "infinity" is a huge number
}
