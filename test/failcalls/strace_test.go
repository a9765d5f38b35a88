//go:build linux

package failcalls

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// trace runs do while strace has hold of a thread, or of all with tid 0, and
// returns what strace wrote.
func (d *daemon) trace(tid int, options []string, do func()) (string, error) {
	out, err := os.CreateTemp("", "failcalls")
	if err != nil {
		return "", err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	who := []string{"-p", strconv.Itoa(tid)}
	if tid == 0 {
		who = []string{"-f", "-p", strconv.Itoa(d.PID)}
	}
	cmd := exec.Command("strace", append(append(who, "-o", out.Name()), options...)...)
	said, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewReader(said)
	first, err := lines.ReadString('\n')
	if err != nil || !strings.Contains(first, "attached") {
		cmd.Process.Kill()
		cmd.Wait()
		return "", fmt.Errorf("strace does not attach: %s", strings.TrimSpace(first))
	}
	go io.Copy(io.Discard, lines)
	do()
	cmd.Process.Signal(syscall.SIGINT)
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return "", err
	}
	text, err := io.ReadAll(out)
	return string(text), err
}

// findLoop learns which thread accepts, and so is the loop.
func (d *daemon) findLoop() error {
	text, err := d.trace(0, []string{"-e", "trace=accept4"}, func() { d.exchange("unix", d.Socket, 0) })
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		if tid, call, ok := strings.Cut(line, " "); ok && strings.Contains(call, "accept4(") && !strings.Contains(call, "EAGAIN") {
			d.loop, err = strconv.Atoi(tid)
			return err
		}
	}
	return fmt.Errorf("no thread of process %d accepts:\n%s", d.PID, text)
}

// count is how often the loop makes each of these calls during do.
func (d *daemon) count(names []string, do func()) (map[string]int, error) {
	text, err := d.trace(d.loop, []string{"-e", "trace=" + strings.Join(names, ",")}, do)
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	for line := range strings.Lines(text) {
		if name, _, ok := strings.Cut(line, "("); ok {
			n[name]++
		}
	}
	return n, nil
}

// fail has the nth call from now on fail during do, and says whether it came to that.
func (d *daemon) fail(f failure, nth int, do func()) (bool, error) {
	inject := fmt.Sprintf("inject=%s:error=%s:when=%d", f.call, f.errno, nth)
	text, err := d.trace(d.loop, []string{"-e", "trace=" + f.call, "-e", inject}, do)
	return strings.Contains(text, "(INJECTED)"), err
}

// mostIdle is more system calls than an idle loop makes in a second, and far
// fewer than one that spins, even under strace.
const mostIdle = 500

// idleCalls counts them.
func (d *daemon) idleCalls() (int, error) {
	text, err := d.trace(d.loop, nil, func() { time.Sleep(time.Second) })
	return strings.Count(text, "\n"), err
}
