//go:build linux

// Command nocall runs a program on a Linux that is older than some system calls.
//
//	nocall CALL... PROGRAM [ARGUMENT...]
//
// CALL is pidfd_open or pidfd_send_signal: the program is told ENOSYS. PROGRAM
// is an absolute path, or a name that is none of these.
package main

import (
	"log"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("nocall: ")
	numbers := map[string]uint32{"pidfd_open": unix.SYS_PIDFD_OPEN, "pidfd_send_signal": unix.SYS_PIDFD_SEND_SIGNAL}
	program, calls := os.Args[1:], []uint32{}
	for len(program) > 0 && numbers[program[0]] != 0 {
		calls, program = append(calls, numbers[program[0]]), program[1:]
	}
	if len(calls) == 0 || len(program) == 0 {
		log.Fatal("usage: nocall CALL... PROGRAM [ARGUMENT...]")
	}
	path, err := exec.LookPath(program[0])
	if err != nil {
		log.Fatal(err)
	}
	runtime.LockOSThread() // the filter belongs to the thread, until the exec
	if err := refuse(calls); err != nil {
		log.Fatal(err)
	}
	log.Fatal(syscall.Exec(path, program, os.Environ()))
}

// refuse has these calls answered by ENOSYS. Only the number is looked at: a
// program of another ABI is none of ours.
func refuse(calls []uint32) error {
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}
	for _, c := range slices.Sorted(slices.Values(calls)) {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: c, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	runtime.KeepAlive(filter)
	return err
}
