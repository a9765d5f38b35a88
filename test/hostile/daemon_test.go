//go:build linux

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

// target is what an attacker knows of the daemon.
type target struct {
	socket, control string
	port            int // 0: none
}

func (t target) dial(uid int) (*harness.Conn, error) { return harness.DialAs(t.socket, uid) }

func (t target) dialTCP(from [4]byte) (*harness.Conn, error) { return harness.DialFrom(from, t.port) }

func (t target) status() (r control.Report, err error) {
	c, err := harness.DialAs(t.control, 0)
	if err != nil {
		return r, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(harness.Patience))
	got, err := control.Ask(c, control.Status)
	if err != nil {
		return r, err
	}
	return *got, nil
}

// daemon is the one under attack.
type daemon struct {
	*harness.Daemon
	target
}

// start starts one for an attack, through a shell that does to itself what the daemon shall inherit.
func start(t *testing.T, a attack, cgroup string) daemon {
	script := `exec "$@"`
	if a.files > 0 {
		script = fmt.Sprintf("ulimit -n %d && ", a.files) + script
	}
	if a.cgroup {
		script = fmt.Sprintf("echo $$ >%s/cgroup.procs && ", cgroup) + script
	}
	dir := harness.Dir(t)
	d := harness.Start(t, harness.Options{
		Dir: dir,
		// The jitter gatherer maps 32 MiB for a moment: no attacker's doing.
		Conf: "gatherer jitter off\n" + strings.ReplaceAll(a.conf, "CONTROL", dir+"/status.sock"),
		TCP:  a.tcp, By: []string{"/bin/sh", "-c", script, "sh"},
	})
	return daemon{d, target{d.Socket, d.Control, d.Port}}
}

func (d daemon) args() []string { return []string{d.socket, d.control, strconv.Itoa(d.port)} }

// view is what can be seen of the daemon at one moment.
type view struct {
	control.Report
	at  time.Time
	rss int           // KiB
	cpu time.Duration // since its start
}

// look asks over the control socket, as an admin does, and the system.
func (d daemon) look(t *testing.T) (v view) {
	t.Helper()
	var err error
	if v.Report, err = d.target.status(); err != nil {
		d.Fatalf("the daemon does not answer: %v", err)
	}
	v.at = time.Now()
	v.rss, _ = harness.Memory(d.PID)
	v.cpu = harness.CPU(d.PID)
	return v
}

// memoryGroup makes a memory cgroup of 64 MiB, with either kind of cgroups: below our own, or at the top. It returns
// nothing where it may not.
func memoryGroup(t *testing.T) string {
	own, _ := os.ReadFile("/proc/self/cgroup")
	v1, v2 := "", ""
	for line := range strings.Lines(string(own)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		kind, path, _ := strings.Cut(rest, ":")
		if kind == "memory" {
			v1 = path
		} else if kind == "" {
			v2 = path
		}
	}
	for _, base := range []string{"/sys/fs/cgroup/memory" + v1, "/sys/fs/cgroup/memory", "/sys/fs/cgroup" + v2, "/sys/fs/cgroup"} {
		group := filepath.Join(base, fmt.Sprintf("prngd-hostile.%d", os.Getpid()))
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(group) })
		for _, limit := range []string{"memory.limit_in_bytes", "memory.max"} {
			if f, err := os.OpenFile(filepath.Join(group, limit), os.O_WRONLY, 0); err == nil {
				_, err = fmt.Fprintln(f, 64<<20)
				f.Close()
				if err == nil {
					return group
				}
			}
		}
	}
	return ""
}
