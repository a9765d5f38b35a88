package process

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"prngd/internal/change"
)

// Notify sends state, lines such as "READY=1", to the supervisor, as
// sd_notify(3) does. Without a supervisor it does nothing. It never waits: where
// the supervisor does not read and its queue is full, state is dropped, with an
// error that [change.Later] marks. A path that begins with @ is a socket in
// Linux's abstract namespace.
func Notify(state string) error {
	conn, err := dialSupervisor()
	if err != nil || conn == nil {
		return err
	}
	defer conn.Close()
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("notifying the supervisor: %w", err)
	}
	done := raw.Write(func(fd uintptr) bool {
		_, err = syscall.Write(int(fd), []byte(state))
		return true // whatever came of it
	})
	switch err = errors.Join(done, err); {
	case errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOBUFS):
		return change.Later(fmt.Errorf("notifying the supervisor: it does not read %s: %w", os.Getenv(notifySocket), err))
	case err != nil:
		return fmt.Errorf("notifying the supervisor: %w", err)
	}
	return nil
}

// notifySocket is the variable of sd_notify(3).
const notifySocket = "NOTIFY_SOCKET"

// dialSupervisor connects to the supervisor's socket, nil if there is none.
func dialSupervisor() (*net.UnixConn, error) {
	path := os.Getenv(notifySocket)
	if path == "" {
		return nil, nil
	}
	if path[0] != '/' && path[0] != '@' {
		return nil, fmt.Errorf("NOTIFY_SOCKET %q: expected an absolute path or @NAME", path)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("notifying the supervisor: %w", err)
	}
	return conn, nil
}

// Watchdog returns how long the supervisor waits for a WATCHDOG=1 before it
// ends us, as sd_watchdog_enabled(3) does; 0 means for ever. Half of it is the
// customary interval.
func Watchdog() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	usec, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 || usec > int64(time.Duration(1<<63-1)/time.Microsecond) {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}
