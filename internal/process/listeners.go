package process

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

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
		if !isInherited(fd) || !isSocket(fd) { // too high a count would reach our own
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
