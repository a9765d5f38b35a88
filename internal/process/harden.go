package process

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// Undumpable keeps our memory out of core files and, on Linux, out of reach
// of other processes of the same user. A change of uid undoes the second, so
// Become repeats it.
func Undumpable() error {
	var errs []error
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		errs = append(errs, fmt.Errorf("forbidding core files: %w", err))
	}
	if err := setUndumpable(); err != nil {
		errs = append(errs, fmt.Errorf("forbidding dumps: %w", err))
	}
	return errors.Join(errs...)
}

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
