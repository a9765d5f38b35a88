package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"

	"prngd/internal/privileges"
)

// identity prints the ids of the daemon, or of its runner, as the kernel sees it:
// identity [runner] PIDFILE.
func identity(ts *testscript.TestScript, neg bool, args []string) {
	pid := strings.TrimSpace(ts.ReadFile(args[len(args)-1]))
	if args[0] == "runner" {
		pid = childOf(ts, pid)
	}
	status, err := os.ReadFile("/proc/" + pid + "/status")
	ts.Check(err)
	wanted := []string{"Uid:", "Gid:", "Groups:", "NoNewPrivs:", "CapInh:", "CapPrm:", "CapEff:", "CapAmb:"}
	found := map[string]string{}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		found[fields[0]] = strings.Join(fields, " ")
	}
	var words []string
	for _, name := range wanted {
		words = append(words, found[name])
	}
	words = append(words, "Nice: "+niceOf(ts, pid))
	if slices.Contains(words, "") {
		ts.Fatalf("/proc/%s/status has not all of %v", pid, wanted)
	}
	fmt.Fprintln(ts.Stdout(), strings.Join(words, " "))
}

// mayRaisePriority reports whether a daemon that these tests start gets a nice value
// of its own: one that was started with another than 0 keeps that.
func mayRaisePriority() bool {
	const capSysNice = 23
	status, _ := os.ReadFile("/proc/self/status")
	_, text, _ := strings.Cut(string(status), "CapEff:\t")
	text, _, _ = strings.Cut(text, "\n")
	capabilities, _ := strconv.ParseUint(text, 16, 64)
	nice, err := privileges.Nice()
	return err == nil && nice == 0 && capabilities&(1<<capSysNice) != 0
}

// niceOf returns the nice value of all threads of a process.
func niceOf(ts *testscript.TestScript, pid string) string {
	paths, err := filepath.Glob("/proc/" + pid + "/task/*/stat")
	ts.Check(err)
	var values []string
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // a thread that has ended
		}
		ts.Check(err)
		_, fields, _ := strings.Cut(string(stat), ") ") // from the third of proc_pid_stat(5) on
		values = append(values, strings.Fields(fields)[19-3])
	}
	slices.Sort(values)
	return strings.Join(slices.Compact(values), " ")
}

// childOf returns the only child of a process: for the daemon, its runner.
func childOf(ts *testscript.TestScript, pid string) string {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	ts.Check(err)
	var children []string
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // gone meanwhile
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if fields[1] == pid {
			children = append(children, filepath.Base(filepath.Dir(path)))
		}
	}
	if len(children) != 1 {
		ts.Fatalf("process %s has the children %v, expected one", pid, children)
	}
	return children[0]
}

// upgrades asks for an upgrade and waits until it is done, some times over:
// upgrades N SOCKET LOG.
func upgrades(ts *testscript.TestScript, neg bool, args []string) {
	var n int
	_, err := fmt.Sscan(args[0], &n)
	ts.Check(err)
	done := func() int { return strings.Count(ts.ReadFile(args[2]), "msg=upgraded") }
	before := done()
	for i := range n {
		askControl(ts, false, []string{args[1], "upgrade"})
		until(ts, "an upgrade", func() bool { return done() == before+i+1 })
	}
}

// reports waits until the status matches, or no longer does: [!] reports SOCKET REGEXP.
func reports(ts *testscript.TestScript, neg bool, args []string) {
	want := regexp.MustCompile(args[1])
	until(ts, args[1], func() bool { return want.MatchString(controlReply(ts, args[0], "status")) != neg })
}
