package upgrade_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
	"prngd/internal/upgrade"
)

// guarded executes itself in place, as the owner of some files in DIR, and ends
// when the upgrade has come as far as WHEN: guarded DIR WHEN.
func guarded() {
	origin, err := process.FindOrigin(os.Args[0])
	ok(err)
	if r := upgrade.InPreflight(os.Args); r != nil {
		ok(r.Pass(nil))
		return
	}
	dir, when := os.Args[1], os.Args[2]
	in, err := upgrade.Inherit()
	ok(err)
	if in == nil {
		fmt.Fprintln(os.Stderr, execGuarded(origin, dir, when))
		return
	}
	switch when {
	case "adopted":
		in.Adopted()
	case "silent": // the guard hears no more, and ends
		for fd := range 64 {
			if name, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", fd)); strings.HasPrefix(name, "socket:") {
				unix.Close(fd)
			}
		}
		for pid, err := 0, error(nil); pid <= 0 && err != unix.ECHILD; {
			pid, err = unix.Wait4(-1, nil, 0, nil)
		}
	case "all":
		children, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
		ok(err)
		for _, child := range strings.Fields(string(children)) {
			pid, err := strconv.Atoi(child)
			ok(err)
			ok(unix.Kill(pid, unix.SIGTERM))
		}
	}
	end(when == "killed" || when == "all")
}

func execGuarded(origin process.Origin, dir, when string) error {
	for _, name := range []string{"file", "replaced"} {
		ok(os.WriteFile(dir+"/"+name, nil, 0o600))
	}
	pid, err := os.Create(dir + "/pid")
	ok(err)
	fmt.Fprintln(pid, os.Getpid())
	p, err := upgrade.Open(origin.Path)
	ok(err)
	_, err = p.Preflight(context.Background(), os.Args, []byte("{}"), nil)
	ok(err)
	if when == "closed" {
		defer p.Close()
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGTERM)
	return p.Exec(upgrade.Payload{
		Argv: os.Args, State: []byte("{}"), Files: []string{dir + "/file", dir + "/replaced", dir + "/missing"}, PIDFile: pid,
		Signals: []os.Signal{unix.SIGTERM}, Caught: caught,
		Interrupted: func() bool {
			ok(os.WriteFile(dir+"/new", nil, 0o600)) // another process has made its own
			ok(os.Rename(dir+"/new", dir+"/replaced"))
			if when == "before" {
				end(true)
			}
			return when == "closed"
		},
	})
}

// end ends this process by a signal or by itself.
func end(killed bool) {
	if killed {
		unix.Kill(os.Getpid(), unix.SIGTERM)
		select {}
	}
	os.Exit(1)
}

// TestGuardA4: a process that ends between the two programs leaves none of its
// files behind, and one that lives keeps all.
func TestGuardA4(t *testing.T) {
	const left, kept = "pid replaced, pid file empty", "file pid replaced, pid file ours"
	for when, want := range map[string]string{
		"before":  left, // SIGTERM when the old program handles none any more
		"killed":  left, // SIGTERM before the new one does
		"all":     left, // SIGTERM to every process of a control group
		"ended":   left, // the new one ends by itself
		"silent":  kept, // the connection is closed, and the process lives
		"adopted": kept, // the new one has said that it removes them itself
		"closed":  kept, // no exec: the old one goes on
	} {
		dir := t.TempDir()
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("guarded", dir, when)
		cmd.ExtraFiles = []*os.File{w, w, w} // the third is open in all that it starts
		err = cmd.Start()
		w.Close()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		io.Copy(io.Discard, r) // until every process of it has ended
		r.Close()
		if got := listing(t, dir, cmd.Process.Pid); got != want {
			t.Errorf("%s: %q, expected %q", when, got, want)
		}
	}
}

// listing is the names in dir, and what the pid file holds.
func listing(t *testing.T, dir string, pid int) string {
	t.Helper()
	paths, _ := filepath.Glob(dir + "/*")
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	holds := map[string]string{"": "empty", fmt.Sprintln(pid): "ours"}[string(text)]
	return strings.Join(paths, " ") + ", pid file " + holds
}
