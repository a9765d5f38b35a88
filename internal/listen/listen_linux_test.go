package listen

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sirupsen/logrus"

	"prngd/egdproto"
)

// Root removes any dead socket, others their own. One thread becomes another
// user; it is not unlocked, so it ends with its goroutine.
func TestDeadSocketOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := t.TempDir()
	for d, mode := range map[string]os.FileMode{dir: 0o777, filepath.Dir(dir): 0o711} {
		if err := os.Chmod(d, mode); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "s")
	plant(t, path, "unix", false)
	if err := os.Chmod(path, 0o777); err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		const unchanged = ^uintptr(0)
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, unchanged, 4711, unchanged); errno != 0 {
			result <- errno
			return
		}
		_, err := start(t, socketAt(path))
		result <- err
	}()
	if err := <-result; err == nil || !strings.Contains(err.Error(), "dead socket of uid 0") {
		t.Errorf("got %v", err)
	}
	if err := os.Chown(path, 4711, -1); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// A supervisor's socket in the abstract namespace has no path that could be removed:
// it is as asked for, also after an upgrade. Health said that nobody was served.
func TestSupervisorsAbstractSocket(t *testing.T) {
	name := fmt.Sprintf("@prngd-test-%d", os.Getpid())
	file, _ := supervisorSocket(t, "unix", name)
	s, _ := served(t, realSystem())
	s.config.Critical = true
	if err := s.AdoptFiles([]*os.File{file}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		commit(t, s, Strict)
		for _, c := range slices.Concat(s.Checks(), s.Probe(t.Context())) {
			if !c.OK() {
				t.Errorf("%+v", c)
			}
		}
		if r := s.Report(); len(r) != 1 || r[0].Missing || r[0].Address != name {
			t.Errorf("%+v", r)
		}
		s = passOn(t, s)
		s.config.Critical = true
	}
}

// The owner of the directory of a socket can put another name of any file where the
// new socket is, before it has its group and mode: that file keeps its own.
func TestOtherFileInPlaceOfTheSocket(t *testing.T) {
	dir := shortDir(t)
	victim := dir + "/victim"
	if err := os.WriteFile(victim, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, gid := range []int{-1, 4711} {
		sys := realSystem()
		sys.listen = func(network, address string) (net.Listener, error) {
			ln, err := realSystem().listen(network, address)
			os.Remove(address)
			os.Link(victim, address)
			return ln, err
		}
		s, _ := served(t, sys)
		o := line(t, dir+"/s")
		o.GID = gid
		_, err := s.Prepare(t.Context(), []Options{o}, Start)
		info, _ := os.Stat(victim)
		if _, group := ownerOf(info); err == nil || !strings.Contains(err.Error(), "no longer a socket") || info.Mode() != 0o600 || group == 4711 {
			t.Errorf("group %d: %v, and the other file has mode %v, group %d", gid, err, info.Mode(), group)
		}
	}
}

// E9: what only a start by root can do is said to be that, with the user who could not.
func TestGroupNeedsRoot(t *testing.T) {
	sys := realSystem()
	sys.chgrp = func(path string, _ int) error { return &fs.PathError{Op: "chown", Path: path, Err: syscall.EPERM} }
	log := logrus.New()
	log.SetOutput(io.Discard)
	path := filepath.Join(shortDir(t), "s")
	line := Options{Address: egdproto.Address{Network: "unix", Path: path}, Mode: 0o600, GID: 7, Where: "conf:1"}
	_, err := newSet(Config{Log: log}, sys).Prepare(t.Context(), []Options{line}, Strict)
	want := fmt.Sprintf("conf:1: listening on %s: uid %d cannot give a socket to group 7, which needs a start by root: chown: operation not permitted", path, os.Geteuid())
	if err == nil || err.Error() != want {
		t.Errorf("got %v, expected %s", err, want)
	}
}
