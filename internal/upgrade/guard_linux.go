package upgrade

import (
	"encoding/json"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// guard is the program that passed the preflight, waiting beside an exec. A
// process that ends between the two programs, by SIGTERM before the new one
// handles it, would leave its sockets and its pid file behind. The guard is a
// child: it sees the end of its connection, and removes the files once its parent
// has really ended. A nil guard watches nothing.
type guard struct {
	conn  *os.File
	fd    int // of conn: File.Fd would make it blocking
	pid   int
	child *exec.Cmd // nil: it was started by an earlier program of this process
}

// dismissed is what the guard is told when it has nothing to do any more.
const dismissed = "dismissed"

// watched is what a guard removes if its parent ends.
type watched struct {
	Files   []watchedFile `json:"files"`
	PIDFile bool          `json:"pid_file,omitempty"` // its descriptor comes along
}

// watchedFile is a path and the file that it led to.
type watchedFile struct {
	Path   string `json:"path"`
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
}

// watch tells the guard what to remove.
func (g *guard) watch(l Payload) error {
	if g == nil {
		return nil
	}
	w := watched{PIDFile: l.PIDFile != nil}
	for _, path := range l.Files {
		var st unix.Stat_t
		if unix.Lstat(path, &st) == nil {
			w.Files = append(w.Files, watchedFile{path, uint64(st.Dev), uint64(st.Ino)})
		}
	}
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	var rights []byte
	if l.PIDFile != nil {
		rights = unix.UnixRights(int(l.PIDFile.Fd()))
	}
	return os.NewSyscallError("sendmsg to the guard", unix.Sendmsg(g.fd, frame(text), rights, nil, unix.MSG_NOSIGNAL))
}

// dismiss ends the guard.
func (g *guard) dismiss() {
	switch {
	case g == nil:
	case g.child != nil: // ours to end, whatever it was told
		unix.Kill(-g.pid, unix.SIGKILL)
		g.conn.Close()
		g.child.Wait()
	default:
		unix.Sendmsg(g.fd, frame([]byte(dismissed)), nil, nil, unix.MSG_NOSIGNAL)
		g.conn.Close()
		go unix.Wait4(g.pid, nil, 0, nil)
	}
}

func (g *guard) descriptors() []int {
	if g == nil {
		return nil
	}
	return []int{g.fd}
}

// identity is what the next program needs for adoptGuard.
func (g *guard) identity() (fd, pid int) {
	if g == nil {
		return 0, 0
	}
	return g.fd, g.pid
}

// adoptGuard returns the guard that an earlier program of this process has
// started, nil if there was none.
func adoptGuard(fd, pid int) *guard {
	if fd < 3 || pid <= 0 {
		return nil
	}
	unix.CloseOnExec(fd)
	return &guard{conn: os.NewFile(uintptr(fd), "guard"), fd: fd, pid: pid}
}
