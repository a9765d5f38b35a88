package upgrade

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The tried program receives copies of descriptors as messages of one byte each,
// and then one byte that says that these were all.
const (
	oneDescriptor = 'd'
	noMore        = '.'
)

// sendDescriptors sends copies of fds over a stream. The numbers of inherited
// descriptors would be those of the sender, where the tried program may have
// something else; and package os/exec would make their files blocking.
func sendDescriptors(over *os.File, fds []int) error {
	raw, err := over.SyscallConn()
	if err != nil {
		return err
	}
	send := func(b byte, rights []byte) (err error) {
		werr := raw.Write(func(fd uintptr) bool {
			err = unix.Sendmsg(int(fd), []byte{b}, rights, nil, unix.MSG_NOSIGNAL)
			return !errors.Is(err, unix.EAGAIN)
		})
		return errors.Join(werr, os.NewSyscallError("sendmsg", err))
	}
	for _, fd := range fds {
		if err := send(oneDescriptor, unix.UnixRights(fd)); err != nil {
			return fmt.Errorf("passing descriptor %d: %w", fd, err)
		}
	}
	return send(noMore, nil)
}

// receiveLimit is how long the tried program waits for its descriptors.
const receiveLimit = PreflightTime

// receiveDescriptors is the other side. The copies are close-on-exec.
func receiveDescriptors(fd int) (received []int, err error) {
	tv := unix.NsecToTimeval(int64(receiveLimit / time.Nanosecond))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	defer unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{})
	b, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	for {
		n, rn, _, _, err := unix.Recvmsg(fd, b, rights, unix.MSG_CMSG_CLOEXEC)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return received, os.NewSyscallError("recvmsg", err)
		case n == 0:
			return received, io.ErrUnexpectedEOF
		case b[0] == noMore:
			return received, nil
		}
		got, err := rightsIn(rights[:rn])
		if err != nil {
			return received, err
		}
		received = append(received, got...)
	}
}

func rightsIn(control []byte) (fds []int, err error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, err
	}
	for i := range messages {
		some, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return fds, err
		}
		fds = append(fds, some...)
	}
	return fds, nil
}
