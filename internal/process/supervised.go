package process

import (
	"os"
	"strconv"
)

// Supervised says why this process must stay in the foreground: it is a
// container's pid 1, or a supervisor watches this very pid. Otherwise "".
// NOTIFY_SOCKET counts where a socket answers there and the supervisor has
// started this process itself: it is pid 1, it named our pid in SYSTEMD_EXEC_PID
// (systemd.exec(5)), or our parent has that socket open. A variable that is left
// over from elsewhere, as from a service that somebody logged in by, does not
// count. Ask before Listeners unsets the variables.
func Supervised() string {
	switch {
	case os.Getpid() == 1:
		return "running as pid 1"
	case os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()):
		return "LISTEN_PID names us"
	case watched():
		return "NOTIFY_SOCKET is our supervisor's"
	}
	return ""
}

// watched reports whether NOTIFY_SOCKET is of the process that has started us.
func watched() bool {
	conn, err := dialSupervisor()
	if err != nil || conn == nil {
		return false
	}
	conn.Close()
	return os.Getppid() == 1 ||
		os.Getenv("SYSTEMD_EXEC_PID") == strconv.Itoa(os.Getpid()) ||
		holdsSocket(os.Getppid(), os.Getenv(notifySocket))
}
