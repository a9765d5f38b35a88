//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/unix"
)

// listenerFD is where the second half finds the socket for its listener.
const listenerFD = 3

// fixedRandom gives cmd a socket. The function that it returns takes the listener
// from there once cmd has started, and answers its calls of getrandom from then on.
func fixedRandom(cmd *exec.Cmd) (serve func() error, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "listener")
	cmd.ExtraFiles = []*os.File{theirs}
	return func() error {
		theirs.Close() // so that the end of the child is seen
		defer unix.Close(pair[0])
		listener, err := takeOver(pair[0])
		if err == nil {
			go answerAll(listener)
		}
		return err
	}, nil
}

// handOver sends the listener to the first half.
func handOver(listener int) error {
	unix.CloseOnExec(listenerFD)
	if err := unix.Sendmsg(listenerFD, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("handing over the seccomp listener: %w", err)
	}
	return nil
}

func takeOver(socket int) (listener int, err error) {
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	list, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(list) != 1 {
		return 0, errors.New("the program did not start")
	}
	fds, err := unix.ParseUnixRights(&list[0])
	if err != nil {
		return 0, err
	}
	return fds[0], nil
}

// notification is struct seccomp_notif, response is struct seccomp_notif_resp
// (linux/seccomp.h).
type notification struct {
	id         uint64
	pid, flags uint32
	nr         int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

type response struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

// answerAll answers getrandom until no process has the filter any more: the n-th
// call gets SHA-256(n | 0), SHA-256(n | 1) and so on.
func answerAll(listener int) {
	for call := uint64(0); ; call++ {
		var asked notification
		if errno := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&asked)); errno == unix.EINTR || errno == unix.ENOENT {
			call-- // the process that asked has gone
			continue
		} else if errno != 0 {
			return
		}
		answer := response{id: asked.id, errno: -int32(unix.EFAULT)}
		b := stream(call, int(min(asked.args[1], 1<<20)))
		if write(int(asked.pid), asked.args[0], b) == nil {
			answer.value, answer.errno = int64(len(b)), 0
		}
		ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&answer)) // fails if the process has gone
	}
}

func stream(call uint64, n int) (b []byte) {
	for i := uint64(0); len(b) < n; i++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, call), i))
		b = append(b, sum[:]...)
	}
	return b[:n]
}

// write puts b at an address of a process.
func write(pid int, at uint64, b []byte) error {
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	_, err = memory.WriteAt(b, int64(at))
	return err
}

func ioctl(fd int, request uint, arg unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
	return errno
}
