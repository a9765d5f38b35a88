//go:build amd64 || arm64

package seedfile_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// callNames are the system calls that the crash matrix counts: all those by which
// this package asks anything of the file system.
var callNames = map[uint64]string{
	unix.SYS_OPENAT: "openat", unix.SYS_CLOSE: "close", unix.SYS_FCNTL: "fcntl", unix.SYS_FLOCK: "flock",
	unix.SYS_NEWFSTATAT: "fstatat", unix.SYS_FSTAT: "fstat", unix.SYS_FCHMOD: "fchmod",
	unix.SYS_READ: "read", unix.SYS_PREAD64: "pread64", unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64",
	unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync",
	unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2", unix.SYS_UNLINKAT: "unlinkat",
}

// stop is one of the two moments of a system call at which a traced thread stands
// still: before the kernel has done anything, and before the thread has seen the
// result.
type stop struct {
	pid   int
	name  string
	args  [6]uint64
	after bool
	ret   int64
}

// syscallInfo is struct ptrace_syscall_info of ptrace(2), PTRACE_GET_SYSCALL_INFO
// (Linux 5.3).
type syscallInfo struct {
	op     uint8
	_      [3]uint8
	_      uint32
	_, _   uint64
	values [8]uint64 // entry: number, six arguments; exit: result, error flag
}

var errNoPtrace = errors.New("this system does not let a process trace its child")

// beTraced makes the calling thread stop at each of its system calls from now on,
// for the process that started this one. Only this thread: the rest of the Go
// runtime runs free, so the calls and their order are the same in every run.
func beTraced() error {
	runtime.LockOSThread()
	if _, _, errno := unix.RawSyscall(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0); errno != 0 {
		return errno
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_TGKILL, uintptr(unix.Getpid()), uintptr(unix.Gettid()), uintptr(unix.SIGSTOP)); errno != 0 {
		return errno
	}
	return nil
}

// trace runs a command that calls beTraced, and shows each stop at a counted call.
// When visit says so, the process is killed there and then by SIGKILL.
func trace(cmd *exec.Cmd, visit func(stop) (kill bool)) (killed bool, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return false, err
	}
	killed, err = follow(cmd.Process, visit)
	cmd.Process.Kill()
	cmd.Wait() // may find nobody: if the traced thread was the first one, follow has met its end
	if err != nil && stderr.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return killed, err
}

func follow(p *os.Process, visit func(stop) bool) (killed bool, err error) {
	var last stop
	attached := false
	for {
		// The tracee is a thread, and ours: other goroutines' children are left alone.
		var ws unix.WaitStatus
		tid, err := unix.Wait4(-1, &ws, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return killed, err
		case ws.Exited() && ws.ExitStatus() != 0:
			return killed, fmt.Errorf("exit status %d", ws.ExitStatus())
		case ws.Exited() && !attached:
			return killed, errNoPtrace
		case ws.Exited(), ws.Signaled():
			return killed, nil
		}
		signal := 0
		switch sig := ws.StopSignal(); {
		case !attached:
			attached = true
			if err := unix.PtraceSetOptions(tid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_EXITKILL); err != nil {
				return killed, err
			}
		case sig == unix.SIGTRAP|0x80:
			if err := describe(tid, &last); err != nil {
				return killed, err
			}
			last.pid = p.Pid
			if !killed && last.name != "" && visit(last) {
				killed = true
				if err := p.Kill(); err != nil {
					return killed, err
				}
				continue
			}
		default:
			signal = int(sig)
		}
		if err := unix.PtraceSyscall(tid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			return killed, err
		}
	}
}

// describe fills in what the thread is stopped at; the name is empty for calls
// that are not counted.
func describe(tid int, s *stop) error {
	var info syscallInfo
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 {
		return errNoPtrace
	}
	switch info.op {
	case unix.PTRACE_SYSCALL_INFO_ENTRY:
		s.after, s.name = false, callNames[info.values[0]]
		copy(s.args[:], info.values[1:])
	case unix.PTRACE_SYSCALL_INFO_EXIT:
		s.after, s.ret = true, int64(info.values[0])
	}
	return nil
}

// child is this test binary as a process of its own.
func child(t *testing.T, task string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SEEDFILE_TEST_TASK="+task, "GODEBUG=asyncpreemptoff=1")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}
