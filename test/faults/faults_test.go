//go:build linux

// Package faults breaks what is around a daemon: its disk, its commands, /proc, syslog, its socket's directory, the
// clock of its processor. A well-behaved client is served meanwhile, and in the end the seed on the disk is one that
// the next daemon counts.
package faults

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"prngd/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, harness.Roles{"nocall": nocall}) }

// start starts a daemon whose seed counts.
func start(t *testing.T, o harness.Options) *harness.Daemon {
	t.Helper()
	o.Conf = "seed-credit yes\n" + o.Conf
	return harness.Start(t, o)
}

// healthy wants this state of health of egdquery, and returns the whole line.
func healthy(t *testing.T, d *harness.Daemon, want string) string {
	t.Helper()
	said, _ := exec.Command(harness.Egdquery(t), "--status", d.Control, "health").CombinedOutput()
	if !strings.HasPrefix(string(said), "PRNGD "+want) {
		d.Fatalf("health says %q, expected %s", said, want)
	}
	return strings.TrimSpace(string(said))
}

// unshare returns a command that runs what follows it in namespaces of its own. The shell in there runs the script
// first, with these words as $1, $2, ... before the command.
func unshare(t *testing.T, flags, script string, words ...string) []string {
	t.Helper()
	by := harness.By(t, harness.Need(t, "unshare"), flags)
	return append(append(by, "sh", "-ec", script, "sh"), words...)
}

// TestNoProc is a life without /proc: statistics, status, seed and service.
func TestNoProc(t *testing.T) {
	harness.System(t)
	d := start(t, harness.Options{Conf: `"echo hello" /bin/echo 0.02`, By: unshare(t, "-m", `mount -t tmpfs none /proc; exec "$@"`)})
	if _, err := os.Stat("/proc/" + strings.TrimSpace(harness.ReadFile(t, d.PIDFile)) + "/root/proc/self"); err == nil {
		t.Fatal("there is a /proc in there")
	}
	for range 20 {
		d.Served("without /proc")
	}
	harness.Figure(t, "no /proc: 20 of 20 clients served; %s", healthy(t, d, "OK"))
	d.Stop()
	d.SeedCounts()
}
