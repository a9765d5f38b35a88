package privileges

import (
	"errors"
	"fmt"

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
