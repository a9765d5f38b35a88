//go:build linux

package faults

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"prngd/internal/control"
	"prngd/test/harness"
)

// commands are what prngd.conf may have and nobody wants, and what the status has to tell of each: at least so many
// samples, and a pattern of what went wrong, if that is always the same. DIR/sleep is sleep(1) under a name of our own.
var commands = map[string]struct {
	script  string
	samples uint64
	trouble string
}{
	"hangs":  {`trap "" TERM INT HUP; echo hangs; DIR/sleep 1001 & wait; DIR/sleep 1001`, 0, ""},
	"leaves": {`for i in 1 2 3; do (for j in 1 2 3 4; do DIR/sleep 1002 & done; wait) >/dev/null 2>&1 & done; echo leaves`, 1, ""},
	// Each of these starts two more: without a limit it would be a million in twenty steps. It gives up after that.
	"forks": {`[ "${1:-0}" -lt 20 ] || exec DIR/sleep 1003
echo forks; "$0" $((${1:-0} + 1)) & "$0" $((${1:-0} + 1)) & wait`, 0, ""},
	"prints":   {`exec yes prints`, 1, ""},
	"dies":     {`echo dies; kill -SEGV $$`, 1, ""},
	"vanishes": {`kill -KILL $$`, 0, "^no output$"},
	"closes":   {`exec >&- 2>&- </dev/null; DIR/sleep 1004`, 0, "^(killed after 6s|no answer in time)$"}, // what comes first
}

// TestCommands has commands that hang, fork without end, print for ever, die or leave children behind. Clients are
// served meanwhile, the status tells what became of each, and nothing is left.
func TestCommands(t *testing.T) {
	harness.System(t)
	dir := harness.Dir(t)
	harness.Must(t, os.Symlink(harness.Need(t, "sleep"), dir+"/sleep"))
	conf := "command-timeout 6s\n"
	for name, c := range commands {
		harness.WriteFile(t, dir+"/"+name, "#!/bin/sh\n"+strings.ReplaceAll(c.script, "DIR", dir)+"\n", 0o755)
		conf += fmt.Sprintf("\"%s\" %s/%s 0.02\n", name, dir, name)
	}
	d := start(t, harness.Options{Dir: dir, Conf: conf})
	running := func() int { return len(harness.Running(t, "args=", `(/bin/sh )?`+dir+"/(sleep|forks)")) }
	d.Wait("the commands to be at work", func() bool { return running() > 3 })
	most := 0
	for range 20 {
		d.Served("while commands go wild")
		most = max(most, running())
	}

	for name, want := range commands {
		var s control.Source
		d.Wait("news of "+name, func() bool { s = command(d, name); return s.Samples > 0 || s.LastError != "" })
		if s.Samples < want.samples || !regexp.MustCompile(want.trouble).MatchString(s.LastError) {
			t.Errorf("%s: %d samples, %q, expected %d, %q", name, s.Samples, s.LastError, want.samples, want.trouble)
		}
	}
	d.Wait("the end of every command", func() bool { return running() == 0 })
	if found := harness.Zombies(t, d.PID); found != nil {
		t.Errorf("children were never waited for: %q", found)
	}
	d.Served("afterwards")
	harness.Figure(t, "commands that hang, fork, print for ever, die: up to %d processes at once, "+
		"20 of 20 clients served meanwhile, none left after their time", most)
	d.Stop()
	d.SeedCounts()
}

// command is what the status tells of one.
func command(d *harness.Daemon, name string) control.Source {
	all := d.Status().Sources
	i := slices.IndexFunc(all, func(s control.Source) bool {
		return strings.HasPrefix(s.Name, "command:") && strings.HasSuffix(s.Name, "/"+name)
	})
	if i < 0 {
		d.Fatalf("the status has no %s: %v", name, all)
	}
	return all[i]
}

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
	d.Wait("an orphan, without which this shows nothing", func() bool { return harness.Zombies(t, pid) != nil })
	d.Served("with orphans")
	d.Wait("all orphans to be waited for", func() bool { return harness.Zombies(t, pid) == nil })
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
