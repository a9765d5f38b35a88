package process

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ReadyFD is a descriptor on which a supervisor such as s6, dinit or OpenRC waits
// for the sign that the daemon serves. A nil ReadyFD has nobody to tell.
type ReadyFD struct{ fd int }

// readySign is what s6 waits for: one newline (s6, notifywhenup).
const readySign = "\n"

// OpenReadyFD takes the descriptor fd that this process has inherited, or that an
// earlier program in this process has handed over. From here on no child inherits
// it. The error says what fd is instead of an open descriptor, from 3 on, that can
// be written to.
func OpenReadyFD(fd int) (*ReadyFD, error) {
	if fd < 3 {
		return nil, fmt.Errorf("ready descriptor %d: expected one from 3 on", fd)
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return nil, fmt.Errorf("ready descriptor %d: %w", fd, err)
	}
	if mode := flags & unix.O_ACCMODE; mode != unix.O_WRONLY && mode != unix.O_RDWR {
		return nil, fmt.Errorf("ready descriptor %d: expected one that is open to write", fd)
	}
	if !isInherited(fd) {
		return nil, fmt.Errorf("ready descriptor %d: expected one that the supervisor has opened, found one of the daemon's own", fd)
	}
	unix.CloseOnExec(fd)
	return &ReadyFD{fd}, nil
}

// isInherited reports whether fd was open when this program was executed, if
// nothing was made of it since. What was opened later, by the Go runtime among
// others, closes on exec, and what was inherited cannot.
func isInherited(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}

// FD returns the descriptor, for a program that takes the place of this one; -1
// if there is none any more.
func (r *ReadyFD) FD() int {
	if r == nil {
		return -1
	}
	return r.fd
}

// Ready writes a newline and closes the descriptor; a second call does nothing.
// It never waits: a supervisor that has left no room in its pipe is not told, and
// the error says so.
func (r *ReadyFD) Ready() error {
	if r == nil || r.fd < 0 {
		return nil
	}
	fd := r.fd
	r.fd = -1
	defer unix.Close(fd)
	room := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	if n, err := unix.Poll(room, 0); err != nil || n == 0 {
		return fmt.Errorf("telling the supervisor by descriptor %d: it does not read (%v)", fd, err)
	}
	if _, err := unix.Write(fd, []byte(readySign)); err != nil {
		return fmt.Errorf("telling the supervisor by descriptor %d: %w", fd, os.NewSyscallError("write", err))
	}
	return nil
}
