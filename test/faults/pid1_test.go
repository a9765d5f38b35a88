//go:build linux

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

// TestPID1 is the life of a daemon that is pid 1 of a container, whose commands leave orphans: no zombie stays, as
// containers are, without pidfds and without /proc.
func TestPID1(t *testing.T) {
	harness.System(t)
	setpriv := harness.Need(t, "setpriv")
	for _, c := range []struct {
		name, script string
		by           []string
	}{
		{"as containers are", `exec "$@"`, nil},
		{"no pidfds", `exec "$@"`, harness.As("nocall")},
		{"no proc", `mount -t tmpfs none /proc; exec "$@"`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			// A daemon that is not root runs the commands itself; root's runner would have the orphans.
			by := append(namespaces(t, "-pfm", c.script), c.by...)
			by = append([]string{by[0], "--mount-proc", "--kill-child"}, by[1:]...)
			orphans(t, append(by, setpriv, "--reuid", "daemon", "--regid", "daemon", "--clear-groups"))
		})
	}
}

func orphans(t *testing.T, by []string) {
	dir := harness.Dir(t)
	owner := harness.UID(t, "daemon")
	if err := os.Chown(dir, owner, -1); err != nil {
		t.Fatal(err)
	}
	harness.WriteFile(t, dir+"/orphans", `#!/bin/sh
for s in 0.2 0.7 1.4 2 2.5; do setsid sh -c "sleep $s" >/dev/null 2>&1 & done
echo orphans
`, 0o755)
	d := start(t, harness.Options{Dir: dir, Conf: `"orphans" DIR/orphans 0.02`, By: by})
	inner := strings.TrimSpace(harness.Run(t, "ps", "-o", "pid=", "--ppid", fmt.Sprint(d.PID)))
	status, _ := os.ReadFile("/proc/" + inner + "/status")
	if !strings.Contains(string(status), "\t1\n") || !strings.Contains(string(status), "NSpid:\t"+inner+"\t1\n") {
		t.Fatalf("the daemon is not pid 1:\n%s", status)
	}
	dead := func() (n int) {
		out, _ := exec.Command("ps", "-o", "stat=", "--ppid", inner).Output()
		return strings.Count("\n"+string(out), "\nZ")
	}
	d.Wait("an orphan, without which this shows nothing", func() bool { return dead() > 0 })
	d.Served("with orphans")
	d.Wait("all orphans to be waited for", func() bool { return dead() == 0 })
	d.Served("after the orphans")
	pid := 0
	fmt.Sscan(inner, &pid)
	syscall.Kill(pid, syscall.SIGTERM)
	d.Ended()
	os.Chown(dir, 0, -1) // or the next daemon, root's, would not count what lies there
	os.Chown(d.Seed, 0, -1)
	d.SeedCounts()
}

// refuse has these calls answered by ENOSYS. Only the number is looked at: a program of another ABI is none of ours.
func refuse(calls []uint32) error {
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}
	for _, c := range calls {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: c, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}
