package process_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/process"
)

func ignoreTerm() { signal.Ignore(unix.SIGTERM) }

func address(t *testing.T, s string) egdproto.Address {
	t.Helper()
	a, err := egdproto.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKill(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	daemon, _ := start(t, "pidteller", socket, "self")
	pid := daemon.Process.Pid
	var said bytes.Buffer
	// Two addresses, one daemon, as with a socket and a port.
	a := address(t, socket)
	gone, err := process.Kill(&said, process.KillTimeout, []egdproto.Address{a, a})
	if err != nil || !reflect.DeepEqual(gone, []int{pid}) {
		t.Errorf("got %v, %v, expected pid %d", gone, err, pid)
	}
	if want := fmt.Sprintf("Killing: %d\n", pid); said.String() != want {
		t.Errorf("said %q, expected %q", said.String(), want)
	}
	expectSignal(t, daemon, unix.SIGTERM)
}

func TestKillOverTCP(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the system does not tell whose a connection is")
	}
	daemon, where := start(t, "pidteller", "127.0.0.1:0", "self")
	a := address(t, "tcp/"+where)
	gone, err := process.Kill(&bytes.Buffer{}, process.KillTimeout, []egdproto.Address{a})
	if err != nil || !reflect.DeepEqual(gone, []int{daemon.Process.Pid}) {
		t.Errorf("got %v, %v, expected pid %d", gone, err, daemon.Process.Pid)
	}
	expectSignal(t, daemon, unix.SIGTERM)
}

// PRNGD listens before it forks: the kernel knows its parent only. Once that is
// gone, a process of the same user is taken for the daemon.
func TestKillForked(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("without /proc nobody can be told apart")
	}
	for _, stays := range []bool{false, true} {
		socket := filepath.Join(t.TempDir(), "s")
		args := []string{socket}
		if stays {
			args = append(args, "stays")
		}
		parent, pid := start(t, "forker", args...)
		if !stays {
			parent.Wait()
		}
		var said bytes.Buffer
		gone, err := process.Kill(&said, process.KillTimeout, []egdproto.Address{address(t, socket)})
		switch {
		case stays && (err == nil || !strings.Contains(err.Error(), "but the kernel says pid")):
			t.Errorf("the parent is there: got %v, %v", gone, err)
		case !stays && (err != nil || fmt.Sprint(gone) != "["+pid+"]"):
			t.Errorf("the parent is gone: got %v, %v, expected pid %s", gone, err, pid)
		}
		if stays {
			n, _ := strconv.Atoi(pid)
			unix.Kill(n, unix.SIGKILL)
		}
	}
}

// B1: only a process that daemon and kernel both name is signalled. This test
// is process group and all: a wrong kill ends it.
func TestKillRefuses(t *testing.T) {
	bystander, _ := start(t, "pidteller", filepath.Join(t.TempDir(), "s"), "self")
	for text, want := range map[string]string{
		"0":                               "it says it is pid 0, expected one from 2",
		"1":                               "it says it is pid 1, expected",
		"-1":                              "it says it is pid -1, expected",
		"2147483647":                      "it says it is pid 2147483647, expected",
		"99999999999":                     "it says it is pid 99999999999, expected",
		"rubbish":                         `pid "rubbish", expected a decimal number`,
		fmt.Sprint(bystander.Process.Pid): "but the kernel says pid",
		fmt.Sprintf("%12d", bystander.Process.Pid): "but the kernel says pid",
	} {
		socket := filepath.Join(t.TempDir(), "s")
		start(t, "pidteller", socket, text)
		var said bytes.Buffer
		gone, err := process.Kill(&said, process.KillTimeout, []egdproto.Address{address(t, socket)})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), socket) {
			t.Errorf("%q: got %v, expected %q", text, err, want)
		}
		if len(gone) > 0 || said.Len() > 0 {
			t.Errorf("%q: killed %v, said %q", text, gone, &said)
		}
	}
	if err := bystander.Process.Signal(unix.Signal(0)); err != nil {
		t.Errorf("the bystander: %v", err)
	}
}

// An address that fails does not save the others.
func TestKillGoesOn(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	daemon, _ := start(t, "pidteller", socket, "self")
	list := []egdproto.Address{address(t, dir+"/none"), address(t, "tcp/192.0.2.1:708"), address(t, socket)}
	gone, err := process.Kill(&bytes.Buffer{}, process.KillTimeout, list)
	if !reflect.DeepEqual(gone, []int{daemon.Process.Pid}) {
		t.Errorf("got %v, expected pid %d", gone, daemon.Process.Pid)
	}
	for _, want := range []string{dir + "/none", "tcp/192.0.2.1:708: expected a path or tcp/localhost:PORT"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected %q in it", err, want)
		}
	}
}

func TestKillStubborn(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	start(t, "pidteller", socket, "self", "stubborn")
	gone, err := process.Kill(&bytes.Buffer{}, 100*time.Millisecond, []egdproto.Address{address(t, socket)})
	if len(gone) > 0 || err == nil || !strings.Contains(err.Error(), "still there 100ms after SIGTERM") {
		t.Errorf("got %v, %v", gone, err)
	}
}

// A daemon that does not answer is named by its address, not by the temporary name
// under which its socket was bound.
func TestKillNamesTheAddress(t *testing.T) {
	dir := t.TempDir()
	bound, socket := filepath.Join(dir, ".s.temporary"), filepath.Join(dir, "s")
	l, err := net.Listen("unix", bound)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Rename(bound, socket); err != nil {
		t.Fatal(err)
	}
	_, err = process.Kill(&bytes.Buffer{}, time.Millisecond, []egdproto.Address{address(t, socket)})
	if err == nil || !strings.Contains(err.Error(), socket) || strings.Contains(err.Error(), bound) {
		t.Errorf("got %v, expected %s in it", err, socket)
	}
}

// killer is prngd -k.
func killer() {
	a, err := egdproto.ParseAddress(os.Args[1])
	ok(err)
	gone, err := process.Kill(os.Stdout, process.KillTimeout, []egdproto.Address{a})
	fmt.Println(len(gone), err)
}

func expectSignal(t *testing.T, cmd *exec.Cmd, want unix.Signal) {
	t.Helper()
	cmd.Wait()
	status, ok := cmd.ProcessState.Sys().(interface{ Signal() unix.Signal })
	if !ok || status.Signal() != want {
		t.Errorf("ended by %v, expected %v", cmd.ProcessState, want)
	}
}
