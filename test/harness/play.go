//go:build linux

package harness

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// RoleVariable names the role of a process that Play started.
const RoleVariable = "PRNGD_TEST_ROLE"

const daemonVariable = "PRNGD_TEST_DAEMON"

// Told is the daemon that a player is told of.
func Told() *Daemon {
	d := new(Daemon)
	if err := json.Unmarshal([]byte(os.Getenv(daemonVariable)), d); err != nil {
		panic("internal error: " + err.Error())
	}
	return d
}

// Player is a process of our own program: an attacker, or a host full of guests, shares no scheduler and no collector
// with the clients that are measured.
//
// It says "ready" when it is, waits until its standard input ends, and prints its result as JSON. Ready and Result
// are its side of that.
type Player struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// Play starts a process in a role of Main's, as another user if uid is above 0, as nice as that, and returns when it
// is ready. It is told of the daemon.
func (d *Daemon) Play(role string, uid, nice int, args ...string) *Player {
	d.t.Helper()
	daemon, err := json.Marshal(d)
	Must(d.t, err)
	p := &Player{cmd: exec.Command("/proc/self/exe", args...)} // where another user may not come near our directory
	if nice > 0 {
		p.cmd = exec.Command("nice", append([]string{"-n", strconv.Itoa(nice), self()}, args...)...)
	}
	p.cmd.Env = append(os.Environ(), RoleVariable+"="+role, daemonVariable+"="+string(daemon))
	p.cmd.Stderr, p.cmd.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if uid > 0 && os.Getuid() == 0 {
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	in, err := p.cmd.StdinPipe()
	Must(d.t, err)
	out, err := p.cmd.StdoutPipe()
	Must(d.t, err)
	p.in, p.out = in, bufio.NewReader(out)
	Must(d.t, p.cmd.Start())
	d.t.Cleanup(func() { p.cmd.Process.Kill(); p.cmd.Wait() })
	if line, err := p.out.ReadString('\n'); line != "ready\n" {
		d.t.Fatalf("%s said %q, expected ready: %v", role, line, err)
	}
	return p
}

// Begin tells a player to begin, or an attacker to end.
func (p *Player) Begin() { p.in.Close() }

// End is Begin, if that was not called, and waits for the player's result.
func (p *Player) End(result any) error {
	p.in.Close()
	err := json.NewDecoder(p.out).Decode(result)
	return errors.Join(err, p.cmd.Wait())
}

// Ready is called by a player that is: it returns a channel that is closed when it has to begin, or to end.
func Ready() <-chan struct{} {
	told := make(chan struct{})
	go func() { io.Copy(io.Discard, os.Stdin); close(told) }()
	fmt.Println("ready")
	return told
}

// Result hands on what a player has to tell.
func Result(v any) { json.NewEncoder(os.Stdout).Encode(v) }

// As is a command that executes what follows it in a role of Main's.
func As(role string) []string { return []string{"env", RoleVariable + "=" + role, self()} }

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return path
}
