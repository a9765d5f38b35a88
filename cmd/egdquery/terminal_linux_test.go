package main

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newPTY returns both ends of a pseudo-terminal (pty(7)) that gives no signals
// of its own: it controls no session.
func newPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	raw, err := master.SyscallConn() // Fd would take its deadlines away
	if err != nil {
		t.Fatal(err)
	}
	var n uint32
	if controlled := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err == nil {
			n, err = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN)
		}
	}); controlled != nil || err != nil {
		t.Fatal(controlled, err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// until reads the screen until it has shown want.
func until(t *testing.T, master *os.File, want string) {
	t.Helper()
	master.SetReadDeadline(time.Now().Add(time.Minute))
	var seen bytes.Buffer
	buf := make([]byte, 4096)
	for !bytes.Contains(seen.Bytes(), []byte(want)) {
		n, err := master.Read(buf)
		if err != nil {
			t.Fatalf("%v before %q; seen %q", err, want, seen.Bytes())
		}
		seen.Write(buf[:n])
	}
}

// C9: ^Z gives the terminal back as it was and stops top; fg takes it again.
func TestControlZ(t *testing.T) {
	program := asEgdquery(t)
	master, slave := newPTY(t)
	isCooked := func() bool {
		state, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return state.Lflag&unix.ICANON != 0
	}
	// A process group of its own in our session: it may be stopped, as a shell's jobs.
	top, err := os.StartProcess(program, []string{"egdquery", "--status", t.TempDir() + "/none", "top"}, &os.ProcAttr{
		Env: append(os.Environ(), "TERM=xterm"), Files: []*os.File{slave, slave, slave}, Sys: &unix.SysProcAttr{Setpgid: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(time.Minute, func() { top.Kill() }).Stop()
	until(t, master, enterScreen)
	until(t, master, "UNKNOWN")
	if isCooked() {
		t.Error("on the screen, the terminal is not raw")
	}
	master.WriteString(controlZ)
	until(t, master, leaveScreen)
	var status unix.WaitStatus
	if _, err := unix.Wait4(top.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() || status.StopSignal() != unix.SIGTSTP {
		t.Fatalf("not stopped by SIGTSTP: %v, %v", status, err)
	}
	if !isCooked() {
		t.Error("stopped, it leaves the terminal raw")
	}
	if err := top.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	until(t, master, enterScreen)
	master.WriteString("q")
	until(t, master, leaveScreen)
	if _, err := unix.Wait4(top.Pid, &status, 0, nil); err != nil || status.ExitStatus() != 0 || !isCooked() {
		t.Errorf("it ends with %v, %v", status, err)
	}
}

// asEgdquery is this test binary under the name by which it is egdquery.
func asEgdquery(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := t.TempDir() + "/egdquery"
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	return program
}
