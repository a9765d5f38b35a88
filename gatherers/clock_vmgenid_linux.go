package gatherers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// kernelUevents is the multicast group of what the kernel sends itself. udevd
// repeats it, in another format, to group 2.
const kernelUevents = 1

// WatchGeneration calls changed when the kernel says that the virtual machine
// is a clone, until ctx ends. It wraps errors.ErrUnsupported where it cannot
// listen. That it can listen does not mean that this kernel ever says so: Linux
// 6.8 does, and kernels that vendors patched; see docs/entropy.md, "Clones".
//
// After lost messages changed is called as well: one of them may have been it.
func WatchGeneration(ctx context.Context, changed func()) error {
	socket, err := openUevents()
	if err != nil {
		return fmt.Errorf("listening for uevents: %v: %w", err, errors.ErrUnsupported)
	}
	defer socket.Close()
	defer context.AfterFunc(ctx, func() { socket.Close() })()
	raw, err := socket.SyscallConn()
	if err != nil {
		return fmt.Errorf("listening for uevents: %w", err)
	}
	buf := make([]byte, 8192) // the kernel's own limit is 2048 and a header
	for {
		n, kernel, err := receive(raw, buf)
		if ctx.Err() != nil {
			return nil
		}
		clone, err := saysClone(buf[:n], kernel, err)
		if err != nil {
			return fmt.Errorf("receiving uevents: %w", err)
		}
		if clone {
			changed()
		}
	}
}

// saysClone reports whether what was received says, or may have said, that the
// machine is a clone: ENOBUFS stands for messages that were lost.
func saysClone(message []byte, kernel bool, err error) (bool, error) {
	if errors.Is(err, unix.ENOBUFS) {
		return true, nil
	}
	return kernel && isNewGeneration(message), err
}

// openUevents needs no privilege.
func openUevents() (*os.File, error) {
	const kind = unix.SOCK_DGRAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
	fd, err := unix.Socket(unix.AF_NETLINK, kind, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelUevents}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "uevent"), nil
}

// receive waits for a message and tells whether the kernel sent it: a process
// may send to this socket, too.
func receive(raw syscall.RawConn, buf []byte) (n int, kernel bool, err error) {
	waitErr := raw.Read(func(fd uintptr) bool {
		var from unix.Sockaddr
		n, from, err = unix.Recvfrom(int(fd), buf, 0)
		n = max(n, 0)
		sender, ok := from.(*unix.SockaddrNetlink)
		kernel = ok && sender.Pid == 0
		return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	if waitErr != nil {
		return 0, false, waitErr
	}
	return n, kernel, err
}

// isNewGeneration reads a uevent: "action@devpath", then KEY=VALUE, each ended
// by a zero byte.
func isNewGeneration(message []byte) bool {
	fields := bytes.Split(message, []byte{0})
	if !bytes.HasPrefix(fields[0], []byte("change@")) {
		return false
	}
	for _, field := range fields[1:] {
		if string(field) == "NEW_VMGENID=1" {
			return true
		}
	}
	return false
}
