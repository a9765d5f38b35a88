package process

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Notify sends state, lines such as "READY=1", to the supervisor, as
// sd_notify(3) does. Without a supervisor it does nothing. A path that begins
// with @ is a socket in Linux's abstract namespace.
func Notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	if path[0] != '/' && path[0] != '@' {
		return fmt.Errorf("NOTIFY_SOCKET %q: expected an absolute path or @NAME", path)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notifying the supervisor: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("notifying the supervisor: %w", err)
	}
	return nil
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

// firstListener is SD_LISTEN_FDS_START of sd_listen_fds(3).
const firstListener = 3

// Listeners returns the sockets that the supervisor opened for us, as
// sd_listen_fds_with_names(3) does, with their names as file names. The
// variables are unset, so that nobody we start takes them for its own. What is
// no socket is left out.
func Listeners() []*os.File {
	ours := os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid())
	count, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for _, name := range []string{"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	if !ours {
		return nil
	}
	var files []*os.File
	for i := range min(count, 1024) { // a count, of more than any unit has
		fd := firstListener + i
		if !isSocket(fd) { // too high a count would reach the Go runtime's own
			continue
		}
		unix.CloseOnExec(fd)
		name := "unknown" // as sd_listen_fds_with_names names it
		if i < len(names) && names[i] != "" {
			name = names[i]
		}
		files = append(files, os.NewFile(uintptr(fd), name))
	}
	return files
}

func isSocket(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK
}

// Supervised says why this process must stay in the foreground: it is a
// container's pid 1, or a supervisor watches this very pid. Otherwise "". Ask
// before Listeners unsets the variables.
func Supervised() string {
	switch {
	case os.Getpid() == 1:
		return "running as pid 1"
	case os.Getenv("NOTIFY_SOCKET") != "":
		return "NOTIFY_SOCKET is set"
	case os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()):
		return "LISTEN_PID names us"
	}
	return ""
}
