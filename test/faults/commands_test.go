//go:build linux

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"prngd/internal/control"
	"prngd/test/harness"
)

// commands are what prngd.conf may have and nobody wants; DIR/sleep is sleep(1) under a name of our own.
var commands = map[string]string{
	"hangs":  `trap "" TERM INT HUP; echo hangs; DIR/sleep 1001 & wait; DIR/sleep 1001`,
	"leaves": `for i in 1 2 3; do (for j in 1 2 3 4; do DIR/sleep 1002 & done; wait) >/dev/null 2>&1 & done; echo leaves`,
	// Each of these starts two more: without a limit it would be a million in twenty steps. It gives up after that.
	"forks": `[ "${1:-0}" -lt 20 ] || exec DIR/sleep 1003
echo forks; "$0" $((${1:-0} + 1)) & "$0" $((${1:-0} + 1)) & wait`,
	"prints":   `exec yes prints`,
	"dies":     `echo dies; kill -SEGV $$`,
	"vanishes": `kill -KILL $$`,
	"closes":   `exec >&- 2>&- </dev/null; DIR/sleep 1004`,
}

// TestCommands has commands that hang, fork without end, print for ever, die or leave children behind. Clients are
// served meanwhile, the status tells what became of each, and nothing is left.
func TestCommands(t *testing.T) {
	harness.System(t)
	dir := harness.Dir(t)
	sleep, err := exec.LookPath("sleep")
	if err != nil || os.Symlink(sleep, dir+"/sleep") != nil {
		t.Fatal("no sleep")
	}
	conf := "command-timeout 6s\n"
	for name, script := range commands {
		harness.WriteFile(t, dir+"/"+name, "#!/bin/sh\n"+strings.ReplaceAll(script, "DIR", dir)+"\n", 0o755)
		conf += fmt.Sprintf("\"%s\" %s/%s 0.02\n", name, dir, name)
	}
	d := start(t, harness.Options{Dir: dir, Conf: conf})
	running := func(names ...string) (list []string) {
		for line := range strings.Lines(harness.Run(t, "ps", "-A", "-o", "args=")) {
			for _, name := range names {
				if strings.Contains(line, dir+"/"+name) && !strings.Contains(line, "prngd -") {
					list = append(list, line)
				}
			}
		}
		return list
	}
	d.Wait("the commands to be at work", func() bool { return len(running("sleep", "forks")) > 3 })
	most := 0
	for range 20 {
		d.Served("while commands go wild")
		most = max(most, len(running("sleep", "forks")))
	}

	told(t, d)
	d.Wait("the end of every command", func() bool { return len(running("sleep", "forks")) == 0 })
	for line := range strings.Lines(harness.Run(t, "ps", "-o", "stat=,args=", "--ppid", fmt.Sprint(d.PID))) {
		if strings.HasPrefix(line, "Z") {
			t.Errorf("a zombie of the daemon's: %s", line)
		}
	}
	d.Served("afterwards")
	harness.Figure(t, "commands that hang, fork, print for ever, die: up to %d processes at once, 20 of 20 clients served meanwhile, none left after their time", most)
	d.Stop()
	d.SeedCounts()
}

// told wants the status to tell what became of each command.
func told(t *testing.T, d *harness.Daemon) {
	t.Helper()
	about := func(name string) (s control.Source) {
		for _, s := range d.Status().Sources {
			if strings.HasPrefix(s.Name, "command:") && strings.HasSuffix(s.Name, "/"+name) {
				return s
			}
		}
		t.Fatalf("the status has no %s: %v", name, d.Status().Sources)
		return s
	}
	for name, want := range map[string]struct {
		samples uint64
		trouble string
	}{
		"hangs": {}, "leaves": {samples: 1}, "forks": {}, "prints": {samples: 1}, "dies": {samples: 1},
		"vanishes": {trouble: "no output"}, "closes": {trouble: "killed after 6s"},
	} {
		d.Wait("news of "+name, func() bool { s := about(name); return s.Samples > 0 || s.LastError != "" })
		if s := about(name); uint64(s.Samples) < want.samples || want.trouble != "" && s.LastError != want.trouble {
			t.Errorf("%s: %d samples, %q, expected %d, %q", name, s.Samples, s.LastError, want.samples, want.trouble)
		}
	}
}
