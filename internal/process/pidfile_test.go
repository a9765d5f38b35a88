package process_test

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

func TestPIDFile(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	path := filepath.Join(t.TempDir(), "prngd.pid")
	if err := os.WriteFile(path, []byte("an older and longer one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := process.WritePIDFile(path, 4711)
	if err != nil {
		t.Fatal(err)
	}
	expectFile(t, path, "4711\n")
	if info, _ := os.Stat(path); info.Mode() != 0o644 {
		t.Errorf("mode is %v, expected 0644", info.Mode())
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestPIDFileOfALaterDaemonStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prngd.pid")
	first, err := process.WritePIDFile(path, 1001)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := process.WritePIDFile(path, 1002); err != nil {
		t.Fatal(err)
	}
	if err := first.Remove(); err != nil {
		t.Fatal(err)
	}
	expectFile(t, path, "1002\n")
}

// A name that cannot be unlinked is emptied. As root nothing can refuse, so
// another name for the same file stands for one that is out of reach.
func TestPIDFileOutOfReachIsEmptied(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "prngd.pid")
	p, err := process.WritePIDFile(path, 4711)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	expectFile(t, path+".moved", "")
}

func TestPIDFileRefuses(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for path, want := range map[string]string{
		dir:                            "is a directory, expected a regular file or nothing",
		socket:                         "is a socket, expected",
		os.DevNull:                     "is a device, expected",
		filepath.Join(dir, "no/where"): "no such file or directory",
	} {
		_, err := process.WritePIDFile(path, 4711)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, expected %q", path, err, want)
		}
	}
	if info, err := os.Lstat(os.DevNull); err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Fatalf("%s is no longer a device: %v", os.DevNull, err)
	}
}

func TestNoPIDFile(t *testing.T) {
	var none *process.PIDFile
	if err := none.Remove(); err != nil {
		t.Error(err)
	}
}

func expectFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s: got %q, %v, expected %q", path, got, err, want)
	}
}
