package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"prngd/internal/control"
)

// exits runs a program and asserts its exit status: exits STATUS PROGRAM ARGUMENT...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%v: exit status %d, expected %d", args[1:], got, want)
	}
}

// inode writes device and inode of a path into a file: inode PATH FILE.
func inode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Lstat(args[0])
	ts.Check(err)
	st := info.Sys().(*syscall.Stat_t)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), fmt.Appendf(nil, "%d %d %v\n", st.Dev, st.Ino, info.Mode()), 0o644))
}

// reload makes FILE the configuration $D/conf and sends SIGHUP. The control socket would carry out one reload a second.
func reload(ts *testscript.TestScript, file string) {
	dir := ts.Getenv("D")
	ts.Check(os.WriteFile(dir+"/conf", []byte(ts.ReadFile(file)), 0o644))
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(dir + "/pid")))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, syscall.SIGHUP))
}

// reloads has the daemon reload FILE, and waits until it has: reloads FILE.
func reloads(ts *testscript.TestScript, neg bool, args []string) {
	done := func() int { return strings.Count(ts.ReadFile(ts.Getenv("D")+"/log"), "msg=reloaded") }
	before := done()
	reload(ts, args[0])
	until(ts, "the reload of "+args[0], func() bool { return done() > before })
}

// refused has the daemon reload FILE, and asserts that it is refused with STATUS
// and a message that matches REGEXP, while $D/s answers: refused STATUS FILE REGEXP.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	dir, began := ts.Getenv("D"), time.Now()
	reload(ts, args[1])
	var answer struct{ Report control.Report }
	until(ts, "a refusal of "+args[1], func() bool {
		answer.Report.Change = nil
		ts.Check(json.Unmarshal([]byte(controlReply(ts, dir+"/ctl", "status")), &answer))
		return answer.Report.Change != nil && answer.Report.Change.At.After(began)
	})
	if c := answer.Report.Change; !regexp.MustCompile(args[2]).MatchString(c.Error) || strconv.Itoa(c.Status) != args[0] {
		ts.Fatalf("reload of %s: got status %d, %q, expected status %s and %s", args[1], c.Status, c.Error, args[0], args[2])
	}
	conn := dial(ts, dir+"/s")
	defer conn.Close()
	_, err := conn.Write([]byte{2, 16})
	ts.Check(err)
	_, err = io.ReadFull(conn, make([]byte, 16))
	ts.Check(err)
}

// taken listens on a TCP port of 127.0.0.1 until the script ends: taken VARIABLE.
func taken(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
}
