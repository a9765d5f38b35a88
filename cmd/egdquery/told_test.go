package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	server "prngd/internal/daemon"
)

// realDaemon is prngd itself, for what no exemplar can stand for.
func realDaemon() {
	program := server.Program{Version: "0"}
	os.Exit(program.Main(time.Now(), os.Args, os.Stdout, os.Stderr))
}

// short makes a directory $D whose path leaves room for the path of a socket.
func short(ts *testscript.TestScript, neg bool, args []string) {
	dir, err := os.MkdirTemp("/tmp", "egd")
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	ts.Setenv("D", dir)
}

// daemon ARGUMENT... starts the real daemon in $D and returns when it serves.
func startDaemon(ts *testscript.TestScript, neg bool, args []string) {
	program, err := exec.LookPath("realdaemon")
	ts.Check(err)
	cmd := exec.Command(program, append([]string{"-f", "--ready-fd", "3"}, args...)...)
	cmd.Dir = ts.Getenv("D")
	ready, theirs, err := os.Pipe()
	ts.Check(err)
	defer ready.Close()
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = os.Stderr
	err = cmd.Start()
	theirs.Close()
	ts.Check(err)
	ts.Defer(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	if line, err := io.ReadAll(ready); err != nil || string(line) != "\n" {
		ts.Check(errors.Join(errors.New("it is not ready"), err))
	}
}
