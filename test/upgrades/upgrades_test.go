//go:build linux

// Package upgrades upgrades a daemon in place, again and again, under load: every reply must come, whole and in its
// place.
package upgrades

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

var (
	upgrades = flag.Int("upgrades", 100, "how many upgrades: `N`")
	clients  = flag.Int("clients", 50, "`N` clients that ask without a pause")
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// load are clients that ask for everything without a pause, a tenth of them over a new connection each time.
func load(n int) []harness.Kind {
	fresh := n / 10
	return []harness.Kind{
		{Name: "kept", N: n - fresh, Turn: harness.Batch},
		{Name: "fresh", N: fresh, Turn: harness.Batch, Fresh: true},
	}
}

// TestUnderLoad upgrades a daemon that asks back, over connections in every odd state, and wants no reply lost. Run
// by root, the daemon becomes another user first, and its seed is in a directory of root's. Afterwards everything
// that goes by the pid is still right.
func TestUnderLoad(t *testing.T) {
	harness.System(t)
	dir, owner := harness.Dir(t), "root"
	if os.Getuid() == 0 {
		owner = "daemon"
	}
	uid := harness.UID(t, owner)
	harness.Must(t, os.Mkdir(dir+"/run", 0o755))
	if os.Getuid() == 0 {
		harness.Must(t, os.Chown(dir+"/run", uid, -1))
	}
	d := harness.Start(t, harness.Options{Dir: dir, Background: true, Run: dir + "/run",
		Conf: "user " + owner + "\n\"ps\" /bin/echo 0.02"})
	crowd := harness.NewCrowd(d, load(*clients), 1).Start()
	report(t, d, crowd, upgradeAll(t, d, *upgrades, true))

	comm, pid := harness.ReadFile(t, fmt.Sprintf("/proc/%d/comm", d.PID)), harness.ReadFile(t, d.PIDFile)
	if strings.TrimSpace(comm) != "prngd" || strings.TrimSpace(pid) != strconv.Itoa(d.PID) {
		t.Errorf("ps shows %s, the pid file %s, expected prngd and %d", comm, pid, d.PID)
	}
	if os.Getuid() == 0 {
		rights(t, d.PID, uid)
	}
	d.Stop()
	d.Gone()
}

// report lifts the load, shows the figures and fails the test for what was lost.
func report(t *testing.T, d *harness.Daemon, crowd *harness.Crowd, odd *harness.Tally) {
	t.Helper()
	problems := append(crowd.Lift(harness.Patience), odd.Problems(harness.Patience)...)
	harness.Figure(t, "%d upgrades; %s", d.Status().Process.Upgrades, crowd.Tally.Line("all"))
	harness.Figure(t, "connections in odd states: %s; %v", odd.Line("all"), crowd.Blocks)
	harness.Figure(t, "longest time from parking the connections to serving them again: %.1f ms", longest(d.Logged()))
	for _, p := range problems {
		t.Errorf("%s\n%s", d.Logged(), p)
	}
}

// longest is the largest ms= of the log's upgrades.
func longest(log string) (worst float64) {
	for _, m := range regexp.MustCompile(`msg=upgraded.* ms=([0-9.]+)`).FindAllStringSubmatch(log, -1) {
		ms, _ := strconv.ParseFloat(m[1], 64)
		worst = max(worst, ms)
	}
	return worst
}

// rights looks at what the system says of a daemon that has become another user.
func rights(t *testing.T, pid, uid int) {
	t.Helper()
	path := fmt.Sprintf("/proc/%d/status", pid)
	text := harness.ReadFile(t, path)
	if want := fmt.Sprintf("Uid:\t%d\t%d\t", uid, uid); !strings.Contains(text, want) {
		t.Errorf("the daemon has not %q:\n%s", want, text)
	}
	// The files in /proc of a process that may not be dumped are root's.
	if info, err := os.Stat(path); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("the daemon can be dumped: %v", err)
	}
	if !strings.Contains(text, "NoNewPrivs:\t1\n") || !strings.Contains(text, "CapEff:\t0000000000000000\n") {
		t.Errorf("the daemon has rights left:\n%s", text)
	}
}

// upgradeAll makes n upgrades, each over connections in every odd state. At three of five a second signal comes 1, 10
// or 20 ms after the first: during the preflight, or somewhere about the exec.
func upgradeAll(t *testing.T, d *harness.Daemon, n int, twice bool) *harness.Tally {
	t.Helper()
	tally := harness.NewTally()
	for i, done := 0, 0; done < n; i++ {
		odd := oddConnections(d)
		d.Signal(syscall.SIGUSR2)
		if pause := i % 5; twice && pause > 0 && pause < 4 {
			time.Sleep([]time.Duration{0, time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond}[pause])
			d.Signal(syscall.SIGUSR2)
		}
		before := done
		d.Wait(fmt.Sprintf("upgrade %d", done+1), func() bool {
			done = int(d.Status().Process.Upgrades)
			return done > before
		})
		for name, finish := range odd {
			began := time.Now()
			err := finish()
			tally.Add(name, time.Since(began), err)
		}
	}
	return tally
}

// TestStop upgrades a daemon twice, with 5,000 clients connected and a gatherer hanging, and ends it: every client
// sees the end of its connection, the seed is saved, nothing is left behind and nothing is warned of.
func TestStop(t *testing.T) {
	harness.System(t)
	n := 5000
	var limit syscall.Rlimit
	harness.Must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	if limit.Max < uint64(n)+200 {
		t.Skipf("needs %d descriptors, the limit is %d", n+200, limit.Max)
	}
	d := harness.Start(t, harness.Options{Conf: "user root\n\"sleep 1000\" /bin/sleep 0\nlog target=file:DIR/log"})
	d.LogHas("seed saved")
	inStep := func(r *harness.Replies) { r.PID(d.PID) }
	idle := d.Clients(n, inStep, 4)
	crowd := harness.NewCrowd(d, load(4), 1).Start()
	odd := upgradeAll(t, d, 2, false)
	for _, c := range idle {
		c.SetDeadline(time.Now().Add(10 * harness.Patience))
		r := harness.Send(c, 4)
		inStep(r)
		odd.Add("idle", 0, r.Err)
	}
	report(t, d, crowd, odd)

	before := harness.ReadFile(t, d.Seed)
	began := time.Now()
	d.Signal(syscall.SIGTERM)
	for _, c := range idle {
		if n, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Fatalf("at the end a connection had %d bytes and %v, expected EOF", n, err)
		}
	}
	harness.Figure(t, "%d connections closed %.0f ms after SIGTERM", n, time.Since(began).Seconds()*1000)
	d.Ended()
	d.Gone()
	if after := harness.ReadFile(t, d.Seed); after == before || len(after) != 512 {
		t.Errorf("the seed was not saved at the end: %d bytes", len(after))
	}
	d.LogHas("msg=stopped")
	if bad := regexp.MustCompile(`level=(warn|error).*`).FindAllString(d.Logged(), -1); len(bad) > 0 {
		t.Errorf("warnings: %q", bad)
	}
}

// oddConnections are in the middle of something. Each, by its name, goes on when it is called, says what was wrong, and
// ends.
func oddConnections(d *harness.Daemon) map[string]func() error {
	odd := map[string]func() error{"half a request for the status": halfAsked(d)}
	for name, begin := range map[string]func(net.Conn, int) func() error{
		"a half-read request": harness.HalfRead, "unsent replies": harness.Unsent, "its own half closed": halfClosed, "nothing said yet": silent,
	} {
		conn := d.Dial("unix")
		finish := begin(conn, d.PID)
		odd[name] = func() error {
			defer conn.Close()
			return finish()
		}
	}
	return odd
}

// halfAsked has sent the beginning of a request to the control socket.
func halfAsked(d *harness.Daemon) func() error {
	const patience = 4 * time.Second // the daemon waits 5 s for a request
	conn, err := net.Dial("unix", d.Control)
	if err != nil {
		d.Fatalf("%v", err)
	}
	began := time.Now()
	conn.SetDeadline(began.Add(harness.Patience))
	_, err = io.WriteString(conn, control.Status[:3])
	return func() error {
		defer conn.Close()
		if err != nil || time.Since(began) > patience {
			return err
		}
		r, err := control.Ask(conn, control.Status[3:])
		if err == nil && r.PID != d.PID {
			err = fmt.Errorf("the status has pid %d, expected %d", r.PID, d.PID)
		}
		return err
	}
}

// halfClosed will say nothing more, and waits for what it asked.
func halfClosed(conn net.Conn, pid int) func() error {
	const asked = 1500 // fits into the socket and the daemon's 4 KiB
	r := harness.Send(conn, append(harness.ManyReads()[:2*asked], 4)...)
	conn.(*net.UnixConn).CloseWrite()
	return func() error {
		r.Discard(255 * asked)
		r.PID(pid)
		r.End()
		return r.Err
	}
}

// silent has not said anything yet, as a guest without a driver.
func silent(conn net.Conn, pid int) func() error {
	return func() error {
		r := harness.Send(conn, 4)
		r.PID(pid)
		return r.Err
	}
}
