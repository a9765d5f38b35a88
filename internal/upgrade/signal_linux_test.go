package upgrade_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
	"prngd/internal/upgrade"
)

// caughtBeforeExec handles SIGTERM, and executes itself when it is told to.
func caughtBeforeExec() {
	origin, err := process.FindOrigin(os.Args[0])
	ok(err)
	if in, err := upgrade.Inherit(); in != nil || err != nil {
		fmt.Println("executed")
		return
	}
	p, err := upgrade.Open(origin.Path)
	ok(err)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGTERM)
	_, _, unsupported := syscall.AllThreadsSyscall(syscall.SYS_GETPID, 0, 0, 0)
	idle := make(chan int)
	go func() {
		runtime.LockOSThread()
		idle <- unix.Gettid()
		select {} // the thread has nothing to do
	}()
	fmt.Println("cgo", unsupported != 0, <-idle)
	io.ReadFull(os.Stdin, make([]byte, 1))
	err = p.Exec(upgrade.Payload{
		Argv: os.Args, State: []byte("{}"), Signals: []os.Signal{unix.SIGTERM}, Caught: caught,
		Interrupted: func() bool { return len(caught) > 0 },
	})
	fmt.Println(err)
}

// TestSignalInHandlerA4: SIGTERM that a thread of the old program has taken, and not
// handled yet, is not lost with that thread in the exec.
func TestSignalInHandlerA4(t *testing.T) {
	cmd := exec.Command("caught")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	said := bufio.NewReader(out)
	var cgo bool
	var thread int
	if _, err := fmt.Fscanf(said, "cgo %t %d\n", &cgo, &thread); err != nil || cgo {
		t.Skip("wants a program without cgo", err)
	}
	runtime.LockOSThread() // it is the tracer
	defer runtime.UnlockOSThread()
	status := fmt.Sprintf("/proc/%d/task/%d/status", cmd.Process.Pid, thread)
	awaitStatus(status, func(s string) bool { return strings.Contains(s, "\nState:\tS") })
	stopInHandler(t, cmd.Process.Pid, thread)
	in.Write([]byte("x"))
	awaitStatus(status, wanted)
	if unix.PtraceDetach(thread) != nil { // it was killed, and the exec waits for us to notice
		unix.Wait4(thread, nil, unix.WALL, nil)
	}
	rest, _ := io.ReadAll(said)
	ended := cmd.Wait()
	var exited *exec.ExitError
	if !errors.As(ended, &exited) || exited.Sys().(syscall.WaitStatus).Signal() != unix.SIGTERM {
		t.Errorf("SIGTERM was lost: %v, %q", ended, rest)
	}
}

// stopInHandler sends SIGTERM to a thread and stops it at the first instruction of
// the handler, as a scheduler may.
func stopInHandler(t *testing.T, pid, thread int) {
	if err := unix.PtraceSeize(thread); err != nil {
		t.Skip(err)
	}
	if err := unix.Tgkill(pid, thread, unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stopped := func() syscall.Signal {
		var status unix.WaitStatus
		if _, err := unix.Wait4(thread, &status, unix.WALL, nil); err != nil || !status.Stopped() {
			t.Fatalf("%v, %v", status, err)
		}
		return status.StopSignal()
	}
	for s := stopped(); s != unix.SIGTERM; s = stopped() {
		if err := unix.PtraceCont(thread, int(s)); err != nil {
			t.Fatal(err)
		}
	}
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_SINGLESTEP, uintptr(thread), 0, uintptr(unix.SIGTERM), 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	if s := stopped(); s != unix.SIGTRAP {
		t.Fatal(s)
	}
}

// awaitStatus waits until is says yes to the status of a thread, or the thread has
// ended.
func awaitStatus(path string, is func(string) bool) {
	for ; ; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(path)
		if s := string(text); err != nil || strings.Contains(s, "\nState:\tZ") || is(s) {
			return
		}
	}
}

// wanted reports whether a signal waits for the thread by which the Go runtime has it
// make a system call, the second of the real-time signals.
func wanted(status string) bool {
	_, pending, _ := strings.Cut(status, "\nSigPnd:\t")
	set, err := strconv.ParseUint(pending[:min(16, len(pending))], 16, 64)
	return err == nil && set&(1<<(33-1)) != 0
}
