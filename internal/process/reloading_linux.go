package process

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Reloading tells the supervisor that a reload has begun; systemd wants to know
// when, on the clock that it uses itself (sd_notify(3), Type=notify-reload).
// READY=1 ends it.
func Reloading() error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return fmt.Errorf("reading the monotonic clock: %w", err)
	}
	return Notify(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/int64(time.Microsecond)))
}
