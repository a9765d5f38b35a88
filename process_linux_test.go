package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started is a daemon that runs in the background, with its files in dir.
type started struct {
	dir string
	pid int
}

// startDaemon starts a daemon from a program file of its own, which it can be
// upgraded from.
func startDaemon(t *testing.T) started {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "egd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		endLeftOver(dir + "/pid")
		os.RemoveAll(dir)
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, dir+"/prngd"); err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf("status %s/ctl\nlog target=file:%s/log\nuser root\ngatherer jitter off\n", dir, dir)
	if err := os.WriteFile(dir+"/conf", []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(dir+"/prngd", "-c", dir+"/conf", "-n", "-p", dir+"/pid", dir+"/s").CombinedOutput()
	if err != nil {
		t.Fatalf("%v, %s", err, out)
	}
	return started{dir, pidIn(t, dir+"/pid")}
}

func pidIn(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestTermNearUpgradeA4: SIGTERM at any moment of an upgrade ends the daemon, and
// none of its files is left. The moments are spread over the time that one upgrade
// took: 12, or as many as PRNGD_TEST_TERMS says.
func TestTermNearUpgradeA4(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("PRNGD_TEST_TERMS"))
	if err != nil {
		n = 12
	}
	d := startDaemon(t)
	began := time.Now()
	io.Copy(io.Discard, askUpgrade(t, d))
	whole := time.Since(began)
	for i := range n {
		d := startDaemon(t)
		end, err := net.Dial("unix", d.dir+"/s") // closed when the daemon has ended
		if err != nil {
			t.Fatal(err)
		}
		conn := askUpgrade(t, d)
		time.Sleep(whole * time.Duration(i) / time.Duration(n))
		if err := syscall.Kill(d.pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		end.SetReadDeadline(time.Now().Add(patience))
		if _, err := end.Read(make([]byte, 1)); os.IsTimeout(err) {
			log, _ := os.ReadFile(d.dir + "/log")
			t.Fatalf("%d: SIGTERM was lost, the daemon's log:\n%s", i, log)
		}
		for _, name := range []string{"s", "ctl", "pid"} {
			awaitPath(t, filepath.Join(d.dir, name), false)
		}
		end.Close()
		conn.Close()
	}
}

// askUpgrade asks for an upgrade, and returns where the answer comes.
func askUpgrade(t *testing.T, d started) net.Conn {
	t.Helper()
	awaitPath(t, d.dir+"/ctl", true)
	conn, err := net.Dial("unix", d.dir+"/ctl")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(conn, "upgrade")
	return conn
}

// awaitPath waits until path is there, or gone.
func awaitPath(t *testing.T, path string, there bool) {
	t.Helper()
	for give := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		_, err := os.Lstat(path)
		if (err == nil) == there {
			return
		}
		if time.Now().After(give) {
			t.Fatalf("%s: there %v, expected %v", path, !there, there)
		}
	}
}

// TestPid1Reaps: as a container's pid 1 the daemon is the parent of all orphans,
// and leaves no zombie.
func TestPid1Reaps(t *testing.T) {
	nsenter, err := exec.LookPath("nsenter")
	if err != nil || os.Getuid() != 0 {
		t.Skip("wants root and nsenter")
	}
	dir := t.TempDir()
	conf := fmt.Sprintf("status %s/ctl\nuser root\n", dir)
	if err := os.WriteFile(dir+"/conf", []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command("sh", "-c", `mount -t proc proc /proc && exec prngd "$@"`, "sh", "-f", "-c", dir+"/conf", "-n", dir+"/s")
	daemon.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
	}
	if err := daemon.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { daemon.Process.Kill(); daemon.Wait() }()
	awaitPath(t, dir+"/s", true)
	orphan := exec.Command(nsenter, "-t", fmt.Sprint(daemon.Process.Pid), "-p", "-m", "sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 &")
	if out, err := orphan.CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, out)
	}
	children := fmt.Sprintf("/proc/%d/task/%[1]d/children", daemon.Process.Pid)
	await := func(what string, done func([]byte) bool) (text []byte) {
		for give := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			if text, err = os.ReadFile(children); err != nil {
				t.Skip(err)
			}
			if done(text) {
				return text
			}
			if time.Now().After(give) {
				t.Fatalf("%s: the children are %q", what, text)
			}
		}
	}
	text := await("an orphan", func(b []byte) bool { return len(bytes.Fields(b)) == 1 })
	pid, err := strconv.Atoi(string(bytes.Fields(text)[0]))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await("a zombie", func(b []byte) bool { return len(bytes.Fields(b)) == 0 })
}
