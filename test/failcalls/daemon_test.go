//go:build linux

package failcalls

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
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
		fewest = min(fewest, len(harness.Descriptors(d.t, d.PID)))
		time.Sleep(10 * time.Millisecond)
	}
	return fewest
}

// verdict is what a client saw.
type verdict string

const (
	answered verdict = "all answered"
	dropped  verdict = "closed early"
	noEnd    verdict = "all answered, not closed"
	hung     verdict = "hangs"
)

const (
	// patience is when a client that got no answer counts as hung: far more than a busy machine takes.
	patience = time.Minute
	// forEnd is how long a connection that the daemon has to close may stay open.
	forEnd = 10 * time.Second
	// slowly is how long the client at hand reads nothing of its many replies: the daemon has filled the socket by
	// then. If not, it makes a call or two less.
	slowly = 20 * time.Millisecond
)

// exchange is the life of one client that makes the daemon do everything: a single request, a request in two pieces,
// more replies than are read for a while, and its own half closed before the last answer.
func (d *daemon) exchange(when string, pause time.Duration) verdict {
	network, address := "unix", d.Socket
	switch when {
	case "tcp":
		network, address = "tcp", d.TCP
	case "new":
		address = d.newest()
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		return verdict(err.Error())
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	one := harness.Send(conn, 4)
	one.PID(d.PID)
	half := harness.HalfRead(conn, d.PID)()
	many := harness.Unsent(conn, d.PID)
	time.Sleep(pause)
	err = errors.Join(one.Err, half, many())
	last := harness.Send(conn, 4)
	err = errors.Join(err, conn.(interface{ CloseWrite() error }).CloseWrite())
	last.PID(d.PID)
	err = errors.Join(err, last.Err)
	conn.SetReadDeadline(time.Now().Add(forEnd))
	more, end := io.Copy(io.Discard, conn)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return hung
	case err == nil && more == 0 && errors.Is(end, os.ErrDeadlineExceeded):
		return noEnd
	case err != nil || more > 0 || end != nil:
		return dropped
	}
	return answered
}

// check asks on every old connection and on two new ones.
func (d *daemon) check() error {
	for _, c := range d.others {
		c.SetDeadline(time.Now().Add(patience))
		r := harness.Send(c, 0, 4)
		r.Level()
		if r.PID(d.PID); r.Err != nil {
			return fmt.Errorf("an older client over %s: %w", c.RemoteAddr().Network(), r.Err)
		}
	}
	for _, when := range []string{"unix", "tcp"} {
		if v := d.exchange(when, 0); v != answered {
			return fmt.Errorf("the next client over %s: %s", when, v)
		}
	}
	return nil
}
