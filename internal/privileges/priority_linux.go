package privileges

import (
	"fmt"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// serving is the nice value of a daemon that root has started. The kernel takes the
// processor from a server as it wakes the client with its reply, if the server has
// used more of it than the client; the request then costs a third switch of
// processes. With -1 that ends for most requests and with -2 for all, and a round
// trip on one processor takes 18 us instead of 25 (docs/performance.md).
const serving = -2

// rawPriority is what getpriority(2) returns for the nice value 0.
const rawPriority = 20

// Nice returns the nice value of the calling thread; all have the same.
func Nice() (int, error) {
	raw, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return 0, fmt.Errorf("reading the nice value: %w", err)
	}
	return rawPriority - raw, nil
}

// RaisePriority sets the nice value of every thread to -2, unless the process was
// started with another than 0. The error of a process that may not do that is EPERM
// or EACCES. Source: setpriority(2).
func RaisePriority() error {
	if now, err := Nice(); err != nil || now != 0 {
		return err
	}
	nice := serving
	_, _, errno := psx.Syscall3(unix.SYS_SETPRIORITY, unix.PRIO_PROCESS, 0, uintptr(nice))
	if errno != 0 {
		return fmt.Errorf("setting the nice value %d: %w", serving, errno)
	}
	return nil
}
