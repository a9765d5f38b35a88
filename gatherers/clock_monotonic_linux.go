package gatherers

import "golang.org/x/sys/unix"

// monotonic is the clock by which Go measures, in nanoseconds: CLOCK_MONOTONIC, which
// an exec does not set back as it does the clock of the runtime. 0 if it cannot be read.
func monotonic() int64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0
	}
	return now.Nano()
}
