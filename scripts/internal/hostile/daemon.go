//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/control"
)

// daemon is the one under attack.
type daemon struct {
	target
	cmd *exec.Cmd
	log string
}

// target is what an attacker knows of it.
type target struct {
	socket, control string
	port            int // 0: none
	args            []string
}

// start starts a daemon of our own, and returns when it is seeded.
func (p plan) start(a attack) (*daemon, error) {
	dir := filepath.Join(p.dir, a.name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	d := &daemon{log: dir + "/log"}
	d.socket, d.control = dir+"/egd", dir+"/control"
	conf := "status " + d.control + "\nlisten " + d.socket + "\n" +
		"gatherer jitter off\n" + // it maps 32 MiB for a moment: no attacker's doing
		strings.ReplaceAll(a.conf, "CONTROL", d.control) + "\n"
	if a.tcp {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		d.port = port
		conf += fmt.Sprintf("listen tcp/localhost:%d\n", port)
	}
	if err := os.WriteFile(dir+"/conf", []byte(conf), 0o600); err != nil {
		return nil, err
	}
	d.args = []string{d.socket, d.control, strconv.Itoa(d.port)}
	if err := d.run(p, a, dir); err != nil {
		return nil, err
	}
	return d, d.await()
}

// run starts it through a shell, which can do to itself what the daemon shall inherit.
func (d *daemon) run(p plan, a attack, dir string) error {
	script := `exec "$@"`
	if a.files > 0 {
		script = fmt.Sprintf("ulimit -n %d && ", a.files) + script
	}
	if a.cgroup {
		script = fmt.Sprintf("echo $$ >%s/cgroup.procs && ", p.cgroup) + script
	}
	log, err := os.Create(d.log)
	if err != nil {
		return err
	}
	defer log.Close()
	d.cmd = exec.Command("/bin/sh", "-c", script, "sh", p.prngd, "-f", "-c", dir+"/conf", "-s", dir+"/seed")
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return d.cmd.Start()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// await returns once status says that it is seeded.
func (d *daemon) await() error {
	for give := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		v, err := d.look()
		if err == nil && v.Generator.State == "open" {
			return nil
		}
		if time.Now().After(give) {
			text, _ := os.ReadFile(d.log)
			d.stop()
			return fmt.Errorf("the daemon is not seeded: %v\n%s", err, text)
		}
	}
}

func (d *daemon) stop() {
	d.cmd.Process.Signal(syscall.SIGTERM)
	d.cmd.Wait()
}

// view is what can be seen of the daemon at one moment.
type view struct {
	control.Report
	at  time.Time
	rss int           // KiB
	cpu time.Duration // since its start
}

// look asks over the control socket, as an admin does, and the system.
func (d *daemon) look() (v view, err error) {
	if v.Report, err = d.target.status(); err != nil {
		return v, fmt.Errorf("the daemon does not answer: %w", err)
	}
	v.at = time.Now()
	if v.rss, err = d.resident(); err != nil {
		return v, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		return v, err
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	for _, f := range fields[11:13] { // utime and stime, in 1/100 s
		ticks, _ := strconv.Atoi(string(f))
		v.cpu += time.Duration(ticks) * 10 * time.Millisecond
	}
	return v, nil
}

func (t target) status() (r control.Report, err error) {
	c, err := dialPath(t.control, 0)
	if err != nil {
		return r, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	got, err := control.Ask(c, control.Status)
	if err != nil {
		return r, err
	}
	return *got, nil
}

func (d *daemon) resident() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", d.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * unix.Getpagesize() / 1024, err
}
