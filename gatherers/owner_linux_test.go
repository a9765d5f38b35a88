package gatherers_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/gatherers"
)

// G25: nothing of a file, a pipe or a socket counts that somebody has put into a
// directory of all; without a credit nothing is said of it.
func TestSourcesOfOtherUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files away")
	}
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.WriteFile(path("file"), []byte("noise"), 0o600), unix.Mkfifo(path("fifo"), 0o600),
		os.Chown(path("file"), somebody, -1), os.Chown(path("fifo"), somebody, -1),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w, err := os.OpenFile(path("fifo"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	go func() {
		for err := error(nil); err == nil; {
			_, err = w.Write(make([]byte, 512))
		}
	}()
	serveAs(t, somebody, path("stream"), make([]byte, 4096))
	serveAs(t, somebody, path("egd"), append([]byte{64}, make([]byte, 64)...))
	unixSocket := func(name string) egdproto.Address { return egdproto.Address{Network: "unix", Path: path(name)} }
	for _, credit := range []gatherers.Credit{0, 8} {
		for _, g := range []gatherers.Gatherer{
			gatherers.File(path("file"), credit),
			gatherers.FIFO(path("fifo"), credit, gatherers.OpenFIFO),
			gatherers.Stream(unixSocket("stream"), credit),
			gatherers.EGD(unixSocket("egd"), credit),
		} {
			var why gatherers.Uncredited
			data, err := g.Gather(t.Context())
			if len(data) == 0 || err != nil && !errors.As(err, &why) || strings.HasPrefix(string(why), "of uid 12345") != (credit > 0) {
				t.Errorf("%s, credit %v: %d bytes, %v", g.Name, credit, len(data), err)
			}
		}
	}
}

// G25: a directory on the way that belongs to a third user is as bad as one of all.
func TestDirectoryOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to start a process of another user")
	}
	other := exec.Command("cat") // /proc/PID is its directory
	other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: somebody, Gid: somebody}}
	end, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Skip(err)
	}
	defer other.Wait()
	defer end.Close()
	path := fmt.Sprintf("/proc/%d/status", other.Process.Pid)
	if err := gatherers.OtherUsers(path, somebody); err != nil {
		t.Error(err)
	}
	if err := gatherers.OtherUsers(path, somebody+1); err == nil {
		t.Error("a file in the directory of a third user counts")
	}
}

// G25: neither the way that was named nor the one that it stands for may be open to all.
func TestLinkToAnotherUser(t *testing.T) {
	open := t.TempDir()
	if err := errors.Join(os.Chmod(open, 0o777), os.Symlink("/etc/passwd", filepath.Join(open, "link"))); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(open, "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, path := range []string{filepath.Join(open, "link"), fmt.Sprintf("/proc/self/fd/%d", f.Fd())} {
		if gatherers.OtherUsers(path, somebody) == nil {
			t.Errorf("%s counts", path)
		}
	}
}

// serveAs sends data to each client of a socket that uid has made.
func serveAs(t *testing.T, uid int, path string, data []byte) {
	t.Helper()
	become := func(uid int) { // of this thread alone
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			panic(errno)
		}
	}
	runtime.LockOSThread()
	become(uid)
	l, err := net.Listen("unix", path)
	become(0)
	runtime.UnlockOSThread()
	if err != nil {
		t.Fatal(err)
	}
	sendAll(t, l, data)
}
