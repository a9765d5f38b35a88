//go:build linux

package failcalls

import (
	"bufio"
	"fmt"
	"math"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// daemon is the one whose calls fail.
type daemon struct {
	*harness.Daemon
	t                       *testing.T
	loop                    string     // the thread that accepts
	others                  []net.Conn // clients that nothing may happen to
	added                   int        // listeners so far
	failed, kinds, unclosed int        // calls, errors of a call, and connections whose close was failed
}

// trace runs do while strace has hold of a thread, and returns what strace wrote. Where strace may not look at
// processes, the first time skips the test.
func (d *daemon) trace(tid string, do func(), options ...string) string {
	d.t.Helper()
	out := d.Dir + "/strace"
	cmd := exec.CommandContext(d.t.Context(), "strace", append(options, "-o", out, "-p", tid)...)
	said, err := cmd.StderrPipe()
	harness.Must(d.t, err)
	harness.Must(d.t, cmd.Start())
	first, _ := bufio.NewReader(said).ReadString('\n')
	switch attached := strings.Contains(first, "attached"); {
	case !attached && d.loop == "":
		d.t.Skipf("strace may not look at processes here: %s", first)
	case !attached:
		d.Fatalf("strace does not attach: %s", first)
	}
	do()
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait() // it ends by that signal
	return harness.ReadFile(d.t, out)
}

// findLoop learns which thread accepts, and so is the loop.
func (d *daemon) findLoop() {
	d.t.Helper()
	text := d.trace(fmt.Sprint(d.PID), func() { d.exchange("unix", 0) }, "-f", "-e", "trace=accept4")
	found := regexp.MustCompile(`(?m)^(\d+) +(<\.\.\. )?accept4.* = \d+$`).FindStringSubmatch(text)
	if found == nil {
		d.Fatalf("no thread of process %d accepts:\n%s", d.PID, text)
	}
	d.loop = found[1]
}

// fail has the nth call from now on fail while a client is served, and says whether it came to that.
func (d *daemon) fail(call, errno string, nth int, victim func() verdict) (seen verdict, hit bool) {
	d.t.Helper()
	text := d.trace(d.loop, func() { seen = victim() }, "-e", "trace="+call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", call, errno, nth))
	return seen, strings.Contains(text, "(INJECTED)")
}

// idleCalls is how many system calls the loop makes in a second, among connections that have sent a byte out of band,
// which the daemon does not read: it must not look for it again and again.
func (d *daemon) idleCalls() int {
	d.t.Helper()
	for _, network := range []string{"unix", "tcp"} {
		c := d.Dial(network)
		defer c.Close()
		raw, err := c.(syscall.Conn).SyscallConn()
		harness.Must(d.t, err)
		raw.Control(func(fd uintptr) { unix.Send(int(fd), []byte{4}, unix.MSG_OOB) }) // not every kernel has it for Unix sockets
	}
	return strings.Count(d.trace(d.loop, func() { time.Sleep(time.Second) }), "\n")
}

func (d *daemon) newest() string { return fmt.Sprintf("%s/more%d", d.Dir, d.added) }

// addListener has the daemon listen at one more path, by a reload.
func (d *daemon) addListener() {
	d.t.Helper()
	d.added++
	harness.WriteFile(d.t, d.Conf, harness.ReadFile(d.t, d.Conf)+"listen "+d.newest()+"\n", 0o644)
	d.Signal(syscall.SIGHUP)
	d.Wait("a new listener", func() bool {
		c, err := net.Dial("unix", d.newest())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// descriptors is how many the daemon has open when its clients' are closed again: a client is gone sooner than its
// descriptor.
func (d *daemon) descriptors() int {
	d.t.Helper()
	fewest := math.MaxInt
	for range 20 {
		list, err := harness.Descriptors(d.PID)
		harness.Must(d.t, err)
		fewest = min(fewest, len(list))
		time.Sleep(10 * time.Millisecond)
	}
	return fewest
}
