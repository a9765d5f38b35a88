package ticker

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// runTimerFD is Run with a timerfd(2). It returns false, at once, if the kernel has
// none or epoll does not take it.
func runTimerFD(ctx context.Context, every time.Duration, f func()) bool {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return false
	}
	timer := os.NewFile(uintptr(fd), "timerfd")
	defer timer.Close()
	period := unix.NsecToTimespec(int64(every))
	err = unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Interval: period, Value: period}, nil)
	if err != nil || timer.SetReadDeadline(time.Time{}) != nil {
		return false
	}
	defer context.AfterFunc(ctx, func() { timer.SetReadDeadline(time.Unix(1, 0)) })()
	var expirations [8]byte
	for {
		if _, err := timer.Read(expirations[:]); err != nil {
			return ctx.Err() != nil
		}
		f()
	}
}
