//go:build linux

package main

import (
	"errors"
	"fmt"
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
	daemon, floor, dir string
	rounds             int
	slice              time.Duration
	docs               string
	curve              bool
	peer               string // a command line; its last word is followed by the socket's path
}

// server is a process that is measured.
type server struct {
	cmd  *exec.Cmd
	path string
}

// start runs a program on the first processor and waits until it answers.
func start(path string, argv ...string) (*server, error) {
	s := &server{path: path}
	s.cmd = exec.Command("taskset", append([]string{"-c", "0"}, argv...)...)
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
		if c, err := dial(path); err == nil {
			_, err = c.ask(32)
			c.close()
			if err == nil {
				return s, nil
			}
		}
	}
	s.stop()
	return nil, fmt.Errorf("%s does not answer", argv[0])
}

func (s *server) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(5*time.Second, func() { s.cmd.Process.Kill() })
	s.cmd.Wait()
	kill.Stop()
}

func (s *server) cpu() time.Duration      { return harness.CPU(s.cmd.Process.Pid) }
func (s *server) memory() (now, peak int) { return harness.Memory(s.cmd.Process.Pid) }

// pair is the two sides, in one session, and another program beside them.
type pair struct{ floor, ours, peer *server } // peer nil: none

func startPair(o options) (*pair, error) {
	if o.daemon == "" || o.floor == "" {
		return nil, errors.New("expected -prngd and -floor")
	}
	floor, err := startFloor(o)
	if err != nil {
		return nil, err
	}
	ours, err := startDaemon(o, 0)
	if err != nil {
		floor.stop()
		return nil, err
	}
	p := &pair{floor: floor, ours: ours}
	if o.peer != "" {
		path := filepath.Join(o.dir, "peer.socket")
		if p.peer, err = start(path, append(strings.Fields(o.peer), path)...); err != nil {
			p.stop()
			return nil, err
		}
	}
	time.Sleep(time.Second) // the first jitter burst is over
	return p, nil
}

func startFloor(o options) (*server, error) {
	path := filepath.Join(o.dir, "floor.socket")
	return start(path, o.floor, path)
}

// startDaemon starts prngd with one socket for clients and more of them.
func startDaemon(o options, more int) (*server, error) {
	path := filepath.Join(o.dir, "prngd.socket")
	conf := filepath.Join(o.dir, "prngd.conf")
	lines := "max-connections 32768\nper-uid 32768\n" // one uid plays all the clients
	for i := range more {
		lines += fmt.Sprintf("listen %s.%d\n", path, i)
	}
	if err := os.WriteFile(conf, []byte(lines), 0o600); err != nil {
		return nil, err
	}
	return start(path, o.daemon, "-f", "-n", "-c", conf, "--log-level", "error", path)
}

func (p *pair) stop() {
	p.floor.stop()
	p.ours.stop()
	if p.peer != nil {
		p.peer.stop()
	}
}

// loadAverage is the machine's load average of the last minute.
func loadAverage() string {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
