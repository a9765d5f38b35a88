//go:build linux

package harness

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"prngd/internal/control"
	"prngd/test/port"
)

// Options are how a daemon is started.
type Options struct {
	Conf       string   // lines of prngd.conf; DIR is the daemon's directory, localhost:PORT a port of its own
	Dir        string   // a new one if empty
	Program    string   // Prngd if empty
	By         []string // a command that executes what follows it: unshare, taskset, a jail, a shell
	Args       []string // more arguments
	Run        string   // the directory of its sockets and pid file, if another than Dir
	NoSeed     bool     // no seed file
	Background bool     // starts as a daemon, not as our child
}

// Daemon is one that was started, and where its things are.
type Daemon struct {
	PID                                            int
	Dir, Socket, Control, Seed, PIDFile, Log, Conf string // paths
	TCP                                            string // HOST:PORT, if it listens there
	Program                                        string
	t                                              testing.TB
	cmd                                            *exec.Cmd     // nil in the background
	ended                                          chan struct{} // closed when cmd is, with its err
	err                                            error
}

// Start starts a daemon and returns when it is seeded. It ends with the test.
func Start(t testing.TB, o Options) *Daemon {
	t.Helper()
	if o.Dir == "" {
		o.Dir = Dir(t)
	}
	if o.Program == "" {
		o.Program = Prngd(t)
	}
	run := cmp.Or(o.Run, o.Dir)
	d := &Daemon{t: t, Dir: o.Dir, Socket: run + "/egd", Control: run + "/status.sock", Seed: o.Dir + "/seed", PIDFile: run + "/pid",
		Log: o.Dir + "/log", Conf: o.Dir + "/prngd.conf", Program: o.Program, ended: make(chan struct{})}
	WriteFile(t, d.Conf, d.conf(o), 0o644) // an upgrade reads it as the user that the daemon has become
	t.Cleanup(d.kill)
	d.run(o)
	d.must("the daemon does not start", d.seeded())
	return d
}

// conf is what the options ask for, and what every daemon here has.
func (d *Daemon) conf(o Options) string {
	conf := strings.ReplaceAll(o.Conf, "DIR", d.Dir) + "\n"
	if !strings.Contains("\n"+conf, "\nstatus ") {
		conf += "status " + d.Control + "\n"
	}
	if !strings.Contains(conf, "listen "+d.Socket+"\n") {
		conf += "listen " + d.Socket + "\n"
	}
	if strings.Contains(conf, "localhost:PORT") {
		d.TCP = fmt.Sprintf("localhost:%d", port.For(d.t))
	}
	if o.Background {
		conf += "log target=file:" + d.Log + "\n"
	}
	return strings.ReplaceAll(conf, "localhost:PORT", d.TCP)
}

// run executes it.
func (d *Daemon) run(o Options) {
	d.t.Helper()
	argv := slices.Concat(o.By, []string{d.Program, "-c", d.Conf, "-p", d.PIDFile}, o.Args)
	switch {
	case o.NoSeed:
		argv = append(argv, "-n")
	case !strings.Contains(o.Conf, "seedfile "):
		argv = append(argv, "-s", d.Seed)
	}
	if !o.Background {
		argv = append(argv, "-f")
	}
	if o.Background {
		Run(d.t, argv[0], argv[1:]...)
		pid, err := strconv.Atoi(strings.TrimSpace(ReadFile(d.t, d.PIDFile)))
		Must(d.t, err)
		d.PID = pid
		return
	}
	log, err := os.OpenFile(d.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	Must(d.t, err)
	defer log.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: what runs it, and what it runs, ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	Must(d.t, cmd.Start())
	d.cmd, d.PID = cmd, cmd.Process.Pid
	go func() { d.err = cmd.Wait(); close(d.ended) }()
}

// seeded waits until the daemon serves, which it does when it is.
func (d *Daemon) seeded() error {
	ended := false
	late := Await(func() bool {
		select {
		case <-d.ended:
			ended = true
		default:
		}
		return ended || d.Serves()
	})
	if ended {
		return fmt.Errorf("it has ended: %v", d.err)
	}
	return late
}

// Dial connects to one of the daemon's addresses, "unix" or "tcp", and fails the test if it cannot. The connection ends
// with the test.
func (d *Daemon) Dial(network string) net.Conn {
	d.t.Helper()
	c, err := net.Dial(network, map[string]string{"unix": d.Socket, "tcp": d.TCP}[network])
	d.must("no connection", err)
	d.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(Patience))
	return c
}

// Clients makes n connections that have sent a request and got their reply.
func (d *Daemon) Clients(n int, reply func(*Replies), request ...byte) (list []net.Conn) {
	d.t.Helper()
	for range n {
		c := d.Dial("unix")
		r := Send(c, request...)
		reply(r)
		d.must(fmt.Sprintf("client %d", len(list)+1), r.Err)
		list = append(list, c)
	}
	return list
}

// Await asks again and again until done, for as long as anything may take.
func Await(done func() bool) error {
	for end := time.Now().Add(Patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("not in %v", Patience)
		}
	}
	return nil
}

// Wait is Await for what a test needs: it fails the test, with the daemon's log.
func (d *Daemon) Wait(what string, done func() bool) {
	d.t.Helper()
	d.must("waiting for "+what, Await(done))
}

// Ask puts a verb to the control socket. Where that has a queue, it waits as DialAs does.
func (d *Daemon) Ask(verb string) (*control.Report, error) {
	c, err := DialAs(d.Control, 0)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(Patience))
	r, err := control.Ask(c, verb)
	if err != nil {
		err = fmt.Errorf("%s: %w", verb, err)
	}
	return r, err
}

// Status is the daemon's report; the test fails without.
func (d *Daemon) Status() *control.Report {
	d.t.Helper()
	r, err := d.Ask(control.Status)
	d.must("no report", err)
	return r
}

// Served fails the test unless a new client gets 255 bytes; they are returned.
func (d *Daemon) Served(when string) []byte {
	d.t.Helper()
	b, err := d.serve()
	d.must(when+": not served", err)
	return b
}

// Serves reports whether a new client is served.
func (d *Daemon) Serves() bool { _, err := d.serve(); return err == nil }

func (d *Daemon) serve() ([]byte, error) {
	c, err := DialAs(d.Socket, 0)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return Ask(c, []byte{2, 255}, 255)
}

// Fatalf fails the test. The reason comes after the log, because a summary shows the last lines.
func (d *Daemon) Fatalf(format string, a ...any) {
	d.t.Helper()
	d.t.Fatalf("%s\n%s", d.Logged(), fmt.Sprintf(format, a...))
}

func (d *Daemon) must(what string, err error) {
	d.t.Helper()
	if err != nil {
		d.Fatalf("%s: %v", what, err)
	}
}

// Logged is the log so far.
func (d *Daemon) Logged() string {
	text, _ := os.ReadFile(d.Log)
	return string(text)
}

// LogHas waits for a line of the log.
func (d *Daemon) LogHas(pattern string) {
	d.t.Helper()
	re := regexp.MustCompile(pattern)
	d.Wait("the log to have "+pattern, func() bool { return re.MatchString(d.Logged()) })
}

// Signal sends one to the daemon.
func (d *Daemon) Signal(s syscall.Signal) {
	d.t.Helper()
	Must(d.t, syscall.Kill(d.PID, s))
}

// Stop ends the daemon by SIGTERM and wants status 0 of it. In the background it is ended by -k, which must say its pid.
func (d *Daemon) Stop() {
	d.t.Helper()
	if d.cmd == nil {
		said, err := exec.Command(d.Program, "-k", d.Socket).CombinedOutput()
		if want := fmt.Sprintf("Killing: %d\n", d.PID); err != nil || string(said) != want {
			d.t.Fatalf("prngd -k: %v, %q, expected %q", err, said, want)
		}
		d.Wait("its end", func() bool { return syscall.Kill(d.PID, 0) != nil })
		return
	}
	d.Signal(syscall.SIGTERM)
	d.Ended()
}

// Ended waits for the end of the daemon, and wants status 0 of it.
func (d *Daemon) Ended() {
	d.t.Helper()
	select {
	case <-d.ended:
		if d.err != nil {
			d.Fatalf("the daemon ended with %v", d.err)
		}
	case <-time.After(Patience):
		d.Fatalf("the daemon does not end")
	}
}

// kill is the end of what is still there.
func (d *Daemon) kill() {
	switch {
	case d.PID <= 1:
	case d.cmd == nil:
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", d.PID))
		if err == nil && bytes.HasPrefix(comm, []byte("prngd")) {
			syscall.Kill(d.PID, syscall.SIGKILL)
		}
	default:
		syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
		<-d.ended
	}
}

// Gone fails the test if the daemon has left something behind but its seed.
func (d *Daemon) Gone() {
	d.t.Helper()
	for _, path := range []string{d.Socket, d.PIDFile, d.Control} {
		if _, err := os.Lstat(path); err == nil {
			d.t.Errorf("%s is left behind", filepath.Base(path))
		}
	}
}

// SeedCounts fails the test unless the next daemon counts 256 bits of the seed that this one has left.
func (d *Daemon) SeedCounts() {
	d.t.Helper()
	info, err := os.Stat(d.Seed)
	Must(d.t, err)
	// Written as a new file, or in place.
	if info.Mode().Perm() != 0o600 || info.Size() != 512 && info.Size() != 1024 {
		d.t.Fatalf("the seed has %d bytes and mode %v", info.Size(), info.Mode())
	}
	dir := Dir(d.t)
	WriteFile(d.t, dir+"/seed", ReadFile(d.t, d.Seed), 0o600)
	next := Start(d.t, Options{Dir: dir, Conf: "seed-credit yes"})
	next.LogHas("seed saved")
	if bits := next.Status().Seed.Bits; bits != 256 {
		next.Fatalf("the next daemon counts %d bits of the seed", bits)
	}
	next.Stop()
}
