//go:build linux

package faults

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"prngd/internal/control"
	"prngd/test/harness"
)

// commands are what prngd.conf may have and nobody wants, and what the status has to tell of each: at least so many
// samples, and what went wrong, if that is always the same. DIR/sleep is sleep(1) under a name of our own.
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
	"vanishes": {`kill -KILL $$`, 0, "no output"},
	"closes":   {`exec >&- 2>&- </dev/null; DIR/sleep 1004`, 0, "killed after 6s"},
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
	running := func() (n int) {
		for line := range strings.Lines(harness.Run(t, "ps", "-A", "-o", "args=")) {
			if !strings.Contains(line, "prngd -") && (strings.Contains(line, dir+"/sleep") || strings.Contains(line, dir+"/forks")) {
				n++
			}
		}
		return n
	}
	d.Wait("the commands to be at work", func() bool { return running() > 3 })
	most := 0
	for range 20 {
		d.Served("while commands go wild")
		most = max(most, running())
	}

	for name, want := range commands {
		var s control.Source
		d.Wait("news of "+name, func() bool { s = command(d, name); return s.Samples > 0 || s.LastError != "" })
		if s.Samples < want.samples || want.trouble != "" && s.LastError != want.trouble {
			t.Errorf("%s: %d samples, %q, expected %d, %q", name, s.Samples, s.LastError, want.samples, want.trouble)
		}
	}
	d.Wait("the end of every command", func() bool { return running() == 0 })
	if children := harness.Run(t, "ps", "-o", "stat=,args=", "--ppid", fmt.Sprint(d.PID)); strings.Contains("\n"+children, "\nZ") {
		t.Errorf("a zombie of the daemon's: %s", children)
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
