//go:build linux

package faults

import (
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"prngd/test/harness"
)

// TestSocketRemoved removes the daemon's socket, then its whole directory, as the boot of a jail does: a minute later
// it is there again, and a connection from before is served meanwhile.
func TestSocketRemoved(t *testing.T) {
	harness.System(t)
	t.Parallel() // it waits
	dir := harness.Dir(t)
	run := dir + "/run"
	harness.Must(t, os.Mkdir(run, 0o755))
	d := start(t, harness.Options{Dir: dir, Conf: "listen " + run + "/egd"})
	d.Socket = run + "/egd"
	old := d.Dial("unix")
	keeps := func() {
		t.Helper()
		old.SetDeadline(time.Now().Add(harness.Patience))
		r := harness.Send(old, 2, 64)
		if r.Discard(64); r.Err != nil {
			d.Fatalf("a connection from before is not served: %v", r.Err)
		}
	}
	keeps()
	for _, remove := range []func(){func() { os.Remove(d.Socket) }, func() { os.RemoveAll(run); os.Mkdir(run, 0o755) }} {
		remove()
		if d.Serves() {
			t.Fatal("served through a socket that is gone")
		}
		healthy(t, d, "DEGRADED")
		keeps()
		began := time.Now()
		d.Wait("the socket to be made again", d.Serves)
		harness.Figure(t, "our socket removed: there again after %.0f s", time.Since(began).Seconds())
		keeps()
	}
	d.Stop()
	d.SeedCounts()
}

// TestStopped stops the process by SIGSTOP for more than a minute, in the middle of 900 clients' requests: a third are
// connected and idle, a third in the middle of a request, and a third connect while it stands still. All are answered
// in full, and no time limit of the daemon's hits them.
func TestStopped(t *testing.T) {
	harness.System(t)
	t.Parallel() // it waits
	const length = 65 * time.Second
	third := 300
	// Those that wait to be accepted wait in the kernel's queue.
	if queue, err := strconv.Atoi(strings.TrimSpace(harness.ReadFile(t, "/proc/sys/net/core/somaxconn"))); err == nil {
		third = min(third, queue)
	}
	d := start(t, harness.Options{Conf: "max-connections 2000\nper-uid 2000\nlog target=file:DIR/log"})

	one := func(r *harness.Replies) { r.Discard(1) }
	idle, begun := d.Clients(third, one, 2, 1), d.Clients(third, one, 2, 1, 2)
	d.Signal(syscall.SIGSTOP)
	late := d.Clients(third, func(*harness.Replies) {}, 2, 32)
	for _, c := range idle {
		c.Write([]byte{2, 255, 2, 32})
	}
	for _, c := range begun {
		c.Write([]byte{255})
	}
	time.Sleep(length)
	d.Signal(syscall.SIGCONT)
	began := time.Now()
	if n := answers(idle, 255+32) + answers(begun, 255) + answers(late, 32); n != 3*third {
		d.Fatalf("%d of %d clients were answered", n, 3*third)
	}
	harness.Figure(t, "SIGSTOP for %v: %d clients answered in full within %.0f ms", length, 3*third, time.Since(began).Seconds()*1000)
	d.Served("afterwards")
	if n := d.Status().Clients.Short; n != 0 {
		t.Errorf("%d short replies", n)
	}
	for line := range strings.Lines(d.Logged()) {
		if strings.Contains(line, "level=warn") && (strings.Contains(line, "timeout") || strings.Contains(line, "clients")) {
			t.Error(line)
		}
	}
	d.Stop()
	d.SeedCounts()
}

// answers is how many get n bytes.
func answers(list []net.Conn, n int) (full int) {
	for _, c := range list {
		c.SetDeadline(time.Now().Add(harness.Patience))
		r := &harness.Replies{R: c}
		if r.Discard(n); r.Err == nil {
			full++
		}
	}
	return full
}

// syslogd listens at a socket until it is stopped, and writes what comes to a file. Without one it hangs: the socket is
// there, and nothing reads.
func syslogd(t *testing.T, socket string, to *os.File) (stop func()) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	harness.Must(t, err)
	harness.Must(t, os.Chmod(socket, 0o666))
	if to != nil {
		go io.Copy(to, conn)
	}
	return func() { conn.Close(); os.Remove(socket) }
}

// TestSyslog has a syslog that is not there, comes, goes, returns and hangs: lines are kept and delivered once, and
// clients are served throughout.
func TestSyslog(t *testing.T) {
	harness.System(t)
	dir := harness.Dir(t)
	socket := dir + "/dev-log"
	d := start(t, harness.Options{Dir: dir, Conf: "log target=syslog", By: unshare(t, "-m",
		`mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && ln -s "$1" /dev/log && shift && exec "$@"`, socket)})
	d.Served("without a syslog")

	d.Log = dir + "/syslog"
	said, err := os.Create(d.Log)
	harness.Must(t, err)
	defer said.Close()
	stop := syslogd(t, socket, said)
	d.LogHas("msg=seeded") // from before syslog came

	stop()
	for range 3 {
		d.Signal(syscall.SIGHUP)
		d.Served("while there is no syslog")
	}
	stop = syslogd(t, socket, said)
	d.LogHas("msg=reloaded") // what happened in the absence of syslog
	if strings.Count(d.Logged(), "msg=seeded") != 1 {
		t.Errorf("lines came twice: %s", d.Logged())
	}

	stop()
	stop = syslogd(t, socket, nil)
	for range 40 {
		d.Signal(syscall.SIGHUP)
		d.Served("while syslog hangs")
	}
	d.Stop()
	stop()
	d.SeedCounts()
	harness.Figure(t, "syslog missing, coming, going, returning: lines kept and delivered once; "+
		"hanging with a full queue: 40 of 40 clients served, ended with status 0")
}
