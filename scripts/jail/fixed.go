//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

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

// answerAll answers getrandom of all that have the filter: the n-th
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
