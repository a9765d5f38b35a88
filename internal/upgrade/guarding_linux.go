package upgrade

import (
	"encoding/json"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// parentEnds bounds how long the guard waits for the end of a parent that has
// closed the connection without a word.
const parentEnds = time.Second

// keepWatch waits for the end of the connection to the parent, and removes what
// it was told to if the parent has ended as well.
func keepWatch(conn *os.File, parent int) error {
	said, pidFile, err := listen(int(conn.Fd()))
	if pidFile != nil {
		defer pidFile.Close()
	}
	if err != nil || !hasEnded(parent) {
		return err
	}
	w, told := lastWish(said)
	if !told {
		return nil
	}
	for _, f := range w.Files {
		var st unix.Stat_t
		if unix.Lstat(f.Path, &st) == nil && uint64(st.Dev) == f.Device && uint64(st.Ino) == f.Inode {
			err = unix.Unlink(f.Path)
		}
	}
	if pidFile != nil { // its directory may be closed to us
		err = pidFile.Truncate(0)
	}
	return err
}

// ignoreSignals keeps what ends the parent, or the whole of its control group,
// from ending the guard.
func ignoreSignals() {
	signal.Ignore(unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE)
}

// listen reads what the parent says until it ends, and a descriptor that comes
// with it.
func listen(fd int) (said []byte, pidFile *os.File, err error) {
	b, rights := make([]byte, 4096), make([]byte, unix.CmsgSpace(4))
	for {
		n, control, _, _, err := unix.Recvmsg(fd, b, rights, unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err == unix.ECONNRESET || err == nil && n == 0 {
			return said, pidFile, nil
		}
		if err != nil {
			return said, pidFile, os.NewSyscallError("recvmsg", err)
		}
		said = append(said, b[:n]...)
		if f := receivedFile(rights[:control]); f != nil {
			pidFile = f
		}
	}
}

// receivedFile returns the file of a SCM_RIGHTS message, nil if there is none.
func receivedFile(control []byte) *os.File {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) == 0 {
		return nil
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return nil
	}
	return os.NewFile(uintptr(fds[0]), "pid file")
}

// lastWish is what the parent said last: what to remove, or that there is nothing.
func lastWish(said []byte) (w watched, told bool) {
	for {
		parts, err := unframe(said, 1)
		if err != nil {
			return w, told
		}
		said = said[8+len(parts[0]):]
		w = watched{}
		told = string(parts[0]) != dismissed && json.Unmarshal(parts[0], &w) == nil
	}
}

// hasEnded reports whether this process has got another parent. Descriptors are
// closed a moment before that.
func hasEnded(parent int) bool {
	for end := time.Now().Add(parentEnds); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if unix.Getppid() != parent {
			return true
		}
	}
	return false
}
