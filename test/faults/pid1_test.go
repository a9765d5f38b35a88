//go:build linux

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
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
			by := slices.Insert(unshare(t, "-pfm", c.script, c.by...), 1, "--mount-proc", "--kill-child")
			// A daemon that is not root runs the commands itself; root's runner would have the orphans.
			orphans(t, append(by, setpriv, "--reuid", "daemon", "--regid", "daemon", "--clear-groups"))
		})
	}
}

func orphans(t *testing.T, by []string) {
	dir := harness.Dir(t)
	harness.Must(t, os.Chown(dir, harness.UID(t, "daemon"), -1))
	harness.WriteFile(t, dir+"/orphans", `#!/bin/sh
for s in 0.2 0.7 1.4 2 2.5; do setsid sh -c "sleep $s" >/dev/null 2>&1 & done
echo orphans
`, 0o755)
	d := start(t, harness.Options{Dir: dir, Conf: `"orphans" DIR/orphans 0.02`, By: by})
	inner := strings.TrimSpace(harness.Run(t, "ps", "-o", "pid=", "--ppid", fmt.Sprint(d.PID)))
	pid, err := strconv.Atoi(inner)
	harness.Must(t, err)
	if status := harness.ReadFile(t, "/proc/"+inner+"/status"); !strings.Contains(status, "NSpid:\t"+inner+"\t1\n") {
		t.Fatalf("the daemon is not pid 1:\n%s", status)
	}
	dead := func() int {
		out, _ := exec.Command("ps", "-o", "stat=", "--ppid", inner).Output()
		return strings.Count("\n"+string(out), "\nZ")
	}
	d.Wait("an orphan, without which this shows nothing", func() bool { return dead() > 0 })
	d.Served("with orphans")
	d.Wait("all orphans to be waited for", func() bool { return dead() == 0 })
	d.Served("after the orphans")
	syscall.Kill(pid, syscall.SIGTERM)
	d.Ended()
	os.Chown(dir, 0, -1) // or the next daemon, root's, would not count what lies there
	os.Chown(d.Seed, 0, -1)
	d.SeedCounts()
}

// nocall is a role: a program runs on a Linux that is older than pidfds. Arguments: the program's path and its own.
func nocall(args []string) {
	os.Unsetenv(harness.RoleVariable)
	runtime.LockOSThread() // the filter belongs to the thread, until the exec
	err := refuse()
	if err == nil {
		err = syscall.Exec(args[0], args, os.Environ())
	}
	println("nocall:", err.Error())
	os.Exit(1)
}

// refuse has the calls of pidfds answered by ENOSYS. Their numbers are those of every architecture, and nothing else is
// looked at: a program of another ABI is none of ours.
func refuse() error {
	const load, equal, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{
		{Code: load}, // the number
		{Code: equal, K: unix.SYS_PIDFD_OPEN, Jt: 2},
		{Code: equal, K: unix.SYS_PIDFD_SEND_SIGNAL, Jt: 1},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
		{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}
