package process_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// TestExecLosesNoSignal: SIGTERM at any moment of an exec ends the process. Where
// the runtime's handlers stay in force, one in 40 gets lost.
func TestExecLosesNoSignal(t *testing.T) {
	const moments = 40
	for i := range moments {
		cmd := exec.Command("executer")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "executing\n" {
			t.Fatalf("%q, %v", line, err)
		}
		for began := time.Now(); time.Since(began) < time.Duration(i)*600*time.Microsecond/moments; {
		}
		if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		stdin.Close() // cat ends then, if it is not ended
		var ended *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != unix.SIGTERM {
			t.Errorf("SIGTERM at moment %d of %d: %v, expected that it ends the process", i, moments, err)
		}
	}
}

// TestReleaseFatal: the kernel has the signals that end a process, but for those that
// are ignored, and gives them back.
func TestReleaseFatal(t *testing.T) {
	signal.Ignore(unix.SIGHUP)
	defer signal.Reset(unix.SIGHUP)
	before := handled(t)
	restore := process.ReleaseFatal()
	if during := handled(t); during != 0 {
		t.Errorf("handled while released: %b", during)
	}
	if !signal.Ignored(unix.SIGHUP) {
		t.Error("SIGHUP is not ignored any more")
	}
	restore()
	if after := handled(t); after != before || after == 0 {
		t.Errorf("handled afterwards: %b, before: %b", after, before)
	}
}

// handled reads which of SIGHUP, SIGINT, SIGQUIT and SIGTERM this process handles.
func handled(t *testing.T) (set uint64) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, after, _ := strings.Cut(string(status), "\nSigCgt:")
	if _, err := fmt.Sscanf(after, "%x", &set); err != nil {
		t.Fatal(err)
	}
	return set & (1<<(unix.SIGHUP-1) | 1<<(unix.SIGINT-1) | 1<<(unix.SIGQUIT-1) | 1<<(unix.SIGTERM-1))
}
