package process_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/process"
)

// TestKillB1: what a peer says is worth nothing where the kernel does not say so,
// too. The bystander is a process that the peer names in its own place.
func TestKillB1(t *testing.T) {
	bystander, _ := start(t, "pidteller", filepath.Join(t.TempDir(), "s"), "self")
	liar, where := start(t, "pidteller", "127.0.0.1:0", fmt.Sprint(bystander.Process.Pid))
	six, where6 := start(t, "pidteller", "[::1]:0", fmt.Sprint(bystander.Process.Pid))
	for address, pid := range map[string]int{where: liar.Process.Pid, where6: six.Process.Pid} {
		refuses(t, "tcp/"+address, fmt.Sprintf("it says it is pid %d, but the kernel says pid %d: not signalled", bystander.Process.Pid, pid))
	}
	if err := bystander.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the bystander: %v", err)
	}
}

func refuses(t *testing.T, where, want string) {
	t.Helper()
	var said bytes.Buffer
	gone, err := process.Kill(&said, process.KillTimeout, []egdproto.Address{address(t, where)})
	if err == nil || !strings.Contains(err.Error(), want) || len(gone) > 0 || said.Len() > 0 {
		t.Errorf("%s: %v, gone %v, said %q, expected %q", where, err, gone, &said, want)
	}
}

// TestKillB1Namespace: seen from another pid namespace, a number is that of another
// process.
func TestKillB1Namespace(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("wants root, for a pid namespace")
	}
	socket := filepath.Join(t.TempDir(), "s")
	start(t, "pidteller", socket, "2")
	inside := exec.Command("sh", "-c", "sleep 1000 & killer "+socket+"; kill -0 $! && echo $! lives; kill -9 $!") // sh is pid 1 there
	inside.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	out, err := inside.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Skip(err)
	}
	want := "0 killing the daemon at " + socket + ": it says it is pid 2, but the kernel knows no such process: " +
		"it is in another pid namespace: not signalled\n2 lives\n"
	if string(out) != want {
		t.Errorf("got %s, %v, expected %s", out, err, want)
	}
}

// TestPeerEnded: the kernel noted a process, not a number that another process has
// by now.
func TestPeerEnded(t *testing.T) {
	for _, ends := range []bool{false, true} {
		socket := filepath.Join(t.TempDir(), "s")
		if ends {
			parent, pid := start(t, "forker", socket)
			parent.Wait()
			child, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Kill(child, unix.SIGKILL)
		} else {
			start(t, "pidteller", socket, "self")
		}
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ended, known := process.PeerEnded(conn)
		if !known {
			t.Skip("this kernel has no SO_PEERPIDFD")
		}
		if ended != ends {
			t.Errorf("ended %v, expected %v", ended, ends)
		}
	}
}

func TestParseAddrPort(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the samples are of a little-endian machine")
	}
	for text, want := range map[string]string{
		"0100007F:1F90":                         "127.0.0.1:8080",
		"00000000000000000000000001000000:02C4": "[::1]:708",
		"0000000000000000FFFF00000100007F:02C4": "127.0.0.1:708",
		"B80D0120000000000000000001000000:0001": "[2001:db8::1]:1",
		"0100007F":                              "invalid AddrPort",
		"01:02C4":                               "invalid AddrPort",
		"XX00007F:02C4":                         "invalid AddrPort",
		"":                                      "invalid AddrPort",
	} {
		if got := process.ParseAddrPort(text); got.String() != want {
			t.Errorf("%s: %v, expected %s", text, got, want)
		}
	}
}
