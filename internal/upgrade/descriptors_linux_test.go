package upgrade

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// inherited returns the descriptors that a child would get.
func inherited(t *testing.T) (fds []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	for _, entry := range entries {
		fd, _ := strconv.Atoi(entry.Name())
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			fds = append(fds, fd)
		}
	}
	return fds
}

// TestExecDescriptors: an exec lets through what it was told to, and nothing else;
// nobody can start a child meanwhile; before and after it, a child gets none of
// them, whatever kind they are.
func TestExecDescriptors(t *testing.T) {
	before := inherited(t)
	path, err := exec.LookPath("upgrader")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Preflight(context.Background(), []string{"upgrader"}, []byte("{}"), nil); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if now := inherited(t); !slices.Equal(now, before) {
		t.Errorf("after the preflight a child gets %v, before %v", now, before)
	}
	called := false
	p.exec = func(name string, argv, environ []string) error {
		called = true
		if syscall.ForkLock.TryRLock() {
			syscall.ForkLock.RUnlock()
			t.Error("a child can be started during the exec")
		}
		through := slices.DeleteFunc(inherited(t), func(fd int) bool { return slices.Contains(before, fd) })
		slices.Sort(through)
		var pid, started, documents, secret, guardFD int
		fmt.Sscan(valueOf(environ, payloadVariable), &pid, &started, &documents, &secret, &guardFD)
		want := []int{documents, secret, guardFD, int(r.Fd())}
		slices.Sort(want)
		if !slices.Equal(through, want) {
			t.Errorf("let through are %v, expected %v", through, want)
		}
		return unix.ENOEXEC
	}
	err = p.Exec(Payload{
		Argv: []string{"upgrader"}, State: []byte("{}"), Keep: []int{int(r.Fd())},
		Interrupted: func() bool { // a child can still be started here
			if now := inherited(t); !slices.Equal(now, before) {
				t.Errorf("before the exec a child gets %v, before %v", now, before)
			}
			return false
		},
	})
	if err == nil || !called {
		t.Errorf("%v, called %v", err, called)
	}
	if now := inherited(t); !slices.Equal(now, before) {
		t.Errorf("after the exec a child gets %v, before %v", now, before)
	}
}

func valueOf(environ []string, name string) string {
	for _, entry := range environ {
		if len(entry) > len(name) && entry[:len(name)+1] == name+"=" {
			return entry[len(name)+1:]
		}
	}
	return ""
}
