//go:build linux

package main

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hideDevices gives this thread a mount namespace of its own, covers /dev there by an empty one with null in it, and the
// kernel's log if asked for, and hides the files under /proc that hand out kernel random bytes (uuid, boot_id).
func hideDevices(log bool) error {
	defer unix.Umask(unix.Umask(0))
	if err := errors.Join(unix.Unshare(unix.CLONE_NEWNS), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")); err != nil {
		return fmt.Errorf("making a mount namespace: %w", err)
	}
	if err := unix.Mount("jail", "/dev", "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=0755"); err != nil {
		return fmt.Errorf("mounting an empty /dev: %w", err)
	}
	err := unix.Mknod("/dev/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3)))
	if err == nil && log {
		err = unix.Mknod("/dev/kmsg", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 11)))
	}
	if err != nil {
		return fmt.Errorf("making devices: %w", err)
	}
	if err := unix.Mount("jail", "/proc/sys/kernel/random", "tmpfs", unix.MS_RDONLY, "mode=0555"); err != nil {
		return fmt.Errorf("hiding /proc/sys/kernel/random: %w", err)
	}
	return nil
}

// filterGetrandom has action decide on getrandom, on this thread and all that it
// starts, and returns what seccomp(2) does with these flags: a listener. struct
// seccomp_data: the call's number at offset 0, the ABI at 4. A foreign ABI has
// another number for getrandom, so there action decides on every call.
func filterGetrandom(action uint32, flags uintptr) (listener int, err error) {
	arch := map[string]uint32{ // one that is missing here ends in an error, not in a hole
		"386": unix.AUDIT_ARCH_I386, "amd64": unix.AUDIT_ARCH_X86_64, "arm": unix.AUDIT_ARCH_ARM,
		"arm64": unix.AUDIT_ARCH_AARCH64, "riscv64": unix.AUDIT_ARCH_RISCV64, "s390x": unix.AUDIT_ARCH_S390X,
	}[runtime.GOARCH]
	if arch == 0 {
		return 0, fmt.Errorf("no seccomp filter for %s", runtime.GOARCH)
	}
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: arch, Jf: 2},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_GETRANDOM, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: action},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return 0, fmt.Errorf("installing the seccomp filter: %w", errno)
	}
	return int(fd), nil
}
