//go:build linux

package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"prngd/test/harness"
)

// options are the flags.
type options struct {
	daemon, floor, peer string // programs; the last word of peer is followed by its socket's path
	dir, docs           string
	rounds              int
	slice               time.Duration
	curve               bool
}

// check ends the program, and with it the servers, after an error.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// server is a process that is measured.
type server struct {
	pid   int
	path  string        // of its socket
	slice time.Duration // how long one measurement lasts
	stop  func()
}

// start runs a program on the first processor and waits until it answers at NAME.socket, which is its last argument.
func (o options) start(name string, argv ...string) *server {
	check(harness.Pin(0)) // this thread, and what it starts
	path := filepath.Join(o.dir, name+".socket")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:], path)...)
	cmd.Stderr, cmd.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(syscall.SIGTERM) }, 5*time.Second
	check(cmd.Start())
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if c, err := dial(path); err == nil {
			_, err = c.ask(32)
			c.close()
			if err == nil {
				return &server{cmd.Process.Pid, path, o.slice, func() { cancel(); cmd.Wait() }}
			}
		}
	}
	log.Fatalf("%s does not answer", argv[0])
	return nil
}

func (o options) startFloor(name string) *server { return o.start(name, o.floor) }

// startDaemon starts prngd with one socket for clients and more of them.
func (o options) startDaemon(name string, more int) *server {
	conf := filepath.Join(o.dir, name+".conf")
	lines := "max-connections 32768\nper-uid 32768\n" // one uid plays all the clients
	for i := range more {
		lines += fmt.Sprintf("listen %s.%d\n", filepath.Join(o.dir, name), i)
	}
	check(os.WriteFile(conf, []byte(lines), 0o600))
	return o.start(name, o.daemon, "-f", "-n", "-c", conf, "--log-level", "error")
}

// bench is the two sides, in one session, and perhaps another program beside them.
type bench struct {
	options
	sides []*server // floor, prngd, peer
}

func newBench(o options) *bench {
	b := &bench{o, []*server{o.startFloor("floor"), o.startDaemon("prngd", 0)}}
	if o.peer != "" {
		b.sides = append(b.sides, o.start("peer", strings.Fields(o.peer)...))
	}
	time.Sleep(time.Second) // the first jitter burst is over
	return b
}
