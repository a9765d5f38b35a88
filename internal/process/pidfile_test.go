package process_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/change"
	"prngd/internal/process"
)

// write puts a pid file in its place.
func write(t *testing.T, path string, pid int) *process.PIDFile {
	t.Helper()
	c, err := process.PreparePIDFile(path, pid, -1, -1)
	if err == nil {
		err = c.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.PIDFile()
}

func TestPIDFile(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	path := filepath.Join(t.TempDir(), "prngd.pid")
	if err := os.WriteFile(path, []byte("1234567890\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := write(t, path, 4711)
	expectFile(t, path, "4711\n")
	if info, _ := os.Stat(path); info.Mode() != 0o644 {
		t.Errorf("mode is %v, expected 0644", info.Mode())
	}
	if got := p.Is(); got != "pid 4711" {
		t.Errorf("it is %q", got)
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	expectEntries(t, filepath.Dir(path))
}

// TestPIDFileA5: until Commit, and after Rollback, what is at the path is as it
// was, and a daemon that runs keeps its file.
func TestPIDFileA5(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "prngd.pid")
	if err := os.WriteFile(path, []byte("1001\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := process.PreparePIDFile(path, 1002, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	expectFile(t, path, "1001\n")
	c.Rollback()
	expectFile(t, path, "1001\n")
	expectEntries(t, dir, "prngd.pid")

	if runtime.GOOS == "aix" || runtime.GOOS == "solaris" {
		return // without a lock nobody knows
	}
	first := write(t, path, 1003)
	_, err = process.PreparePIDFile(path, 1004, -1, -1)
	if !errors.Is(err, process.ErrPIDFileInUse) || !change.IsLater(err) || !strings.Contains(err.Error(), path) {
		t.Errorf("a daemon that runs: %v", err)
	}
	expectFile(t, path, "1003\n")
	expectEntries(t, dir, "prngd.pid")
	if err := first.Remove(); err != nil {
		t.Error(err)
	}
}

// One of two that have both prepared gets the file.
func TestPIDFileTwoCommits(t *testing.T) {
	if runtime.GOOS == "aix" || runtime.GOOS == "solaris" {
		t.Skip("without a lock nobody knows")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "prngd.pid")
	var both [2]*process.PIDFileChange
	for i := range both {
		var err error
		if both[i], err = process.PreparePIDFile(path, 1001+i, -1, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := both[0].Commit(); err != nil {
		t.Fatal(err)
	}
	if err := both[1].Commit(); !errors.Is(err, process.ErrPIDFileInUse) {
		t.Errorf("the second: %v", err)
	}
	expectFile(t, path, "1001\n")
	expectEntries(t, dir, "prngd.pid")
}

func TestPIDFileOfALaterDaemonStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prngd.pid")
	first := write(t, path, 1001)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := first.Is(); got != "missing" {
		t.Errorf("it is %q, expected missing", got)
	}
	write(t, path, 1002)
	if got := first.Is(); got != "another file" {
		t.Errorf("it is %q, expected another file", got)
	}
	if err := first.Remove(); err != nil {
		t.Fatal(err)
	}
	expectFile(t, path, "1002\n")
}

// A name that cannot be unlinked is emptied. As root nothing can refuse, so
// another name for the same file stands for one that is out of reach.
func TestPIDFileOutOfReachIsEmptied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "prngd.pid")
	p := write(t, path, 4711)
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(); err != nil {
		t.Fatal(err)
	}
	expectFile(t, path+".moved", "")
}

// TestPIDFileA25: the directory that the daemon would make anyway is made, whatever
// the umask, and removed again if nothing comes of it.
func TestPIDFileA25(t *testing.T) {
	defer unix.Umask(unix.Umask(0o077))
	run := t.TempDir()
	path := filepath.Join(run, "prngd", "prngd.pid")
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 4711, 4712
	}
	c, err := process.PreparePIDFile(path, 4711, uid, gid)
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Dir(path), &st); err != nil || int(st.Uid) != uid || int(st.Gid) != gid || st.Mode&0o777 != 0o755 {
		t.Errorf("the directory: %v, uid %d, gid %d, mode %#o", err, st.Uid, st.Gid, st.Mode)
	}
	c.Rollback()
	expectEntries(t, run)
	if _, err := process.PreparePIDFile(filepath.Join(run, "no/where/pid"), 1, -1, -1); !change.IsLater(err) {
		t.Errorf("a directory that is missing above: %v", err)
	}
	expectEntries(t, run)
}

// fullLimit prepares a pid file where no byte may be written.
func fullLimit() {
	ok(unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{}))
	_, err := process.PreparePIDFile(os.Args[1], 4711, -1, -1)
	fmt.Println(change.IsLater(err), errors.Is(err, unix.EFBIG))
}

// TestPIDFileA25Limit: a file size limit is an error, and not the end.
func TestPIDFileA25Limit(t *testing.T) {
	dir := t.TempDir()
	if stdout, stderr, _ := run("fulllimit", filepath.Join(dir, "pid")); stdout != "true true\n" {
		t.Errorf("got %q, %q", stdout, stderr)
	}
	expectEntries(t, dir)
}

func TestPIDFileRefuses(t *testing.T) {
	dir := t.TempDir()
	socket, text := filepath.Join(dir, "socket"), filepath.Join(dir, "prngd.conf")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.WriteFile(text, []byte("listen /run/egd-pool\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:        "is a directory, expected a regular file or nothing",
		socket:     "is a socket, expected",
		os.DevNull: "is a device, expected",
		text:       "it holds something else than a process id", // A24
	} {
		_, err := process.PreparePIDFile(path, 4711, -1, -1)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || change.IsLater(err) {
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

// expectEntries asserts what is in a directory, and nothing else.
func expectEntries(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s has %v, expected %v", dir, got, want)
	}
}
