// Package process is a daemon's relation to its operating system and supervisor:
// background, pid file, -k, notification, and the limit of descriptors.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"prngd/internal/privileges"
)

// Program returns the name by which this program can execute itself: that of the
// kernel, which holds after the file was replaced, and where the way to it is closed
// to this user; or, where /proc is not mounted, the path as we were called.
func Program() (string, error) {
	const kernels = "/proc/self/exe"
	if _, err := os.Stat(kernels); err == nil {
		return kernels, nil
	}
	return called(os.Args[0])
}

// called returns the absolute path of the program that argv0 names.
func called(argv0 string) (string, error) {
	path, err := exec.LookPath(argv0)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", fmt.Errorf("finding our own program file: %w", err)
	}
	return filepath.Abs(path)
}

// Origin is the file from which a program was executed.
type Origin struct {
	Path string // absolute; a symbolic link in it is followed again by each upgrade
	ID   string // device, inode, size and time; equal means the same program

	// Concealed says that no process of the same user could read the memory of
	// this one, from exec on.
	Concealed bool
	again     bool // it was executed by a program of ours, which named the origin
}

// originVariable tells a program that runs from a copy, or by a descriptor, where
// it came from: the pid of the process that executed it, which is its own or its
// parent's; the ID; the path.
const originVariable = "PRNGD_PROGRAM"

// FindOrigin returns the origin of this program, which was called argv0: the path
// by which it was called, directly or by PATH, if that leads to it, else what the
// system knows. It belongs at the start of main, on the main thread, which it
// gives the program's name. Until then main stays on that thread. The error says that
// there is no path to upgrade from.
func FindOrigin(argv0 string) (Origin, error) {
	defer runtime.UnlockOSThread()
	dumpable, err := privileges.Dumpable()
	concealed := err == nil && !dumpable
	value := os.Getenv(originVariable)
	os.Unsetenv(originVariable)
	words := strings.SplitN(value, " ", 3)
	if len(words) == 3 && (words[0] == strconv.Itoa(os.Getpid()) || words[0] == strconv.Itoa(os.Getppid())) {
		nameMainThread(filepath.Base(words[2]))
		return Origin{Path: words[2], ID: words[1], Concealed: concealed, again: true}, nil
	}
	path, err := programPath(argv0)
	if err != nil {
		return Origin{Concealed: concealed}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Origin{Path: path, Concealed: concealed}, nil
	}
	return Origin{Path: path, ID: FileID(info), Concealed: concealed}, nil
}

// programPath is the path for FindOrigin.
func programPath(argv0 string) (string, error) {
	path, err := os.Executable()
	named, calledErr := called(argv0)
	if calledErr != nil {
		return path, err
	}
	there, statErr := os.Stat(named)
	ours, selfErr := os.Stat("/proc/self/exe")
	if selfErr != nil {
		ours, selfErr = os.Stat(path)
	}
	if statErr == nil && (err != nil || selfErr == nil && os.SameFile(there, ours)) {
		return named, nil
	}
	return path, err
}

// FileID tells one state of a file from another: device, inode, size and time of
// the last change of its content.
func FileID(info os.FileInfo) string {
	device, inode := uint64(0), uint64(0)
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		device, inode = uint64(st.Dev), uint64(st.Ino)
	}
	return fmt.Sprintf("%x:%x:%x:%x", device, inode, info.Size(), info.ModTime().UnixNano())
}

// Variable is the entry for the environment of a program that this process
// executes from o, in its own place or as a child.
func (o Origin) Variable() string {
	return fmt.Sprintf("%s=%d %s %s", originVariable, os.Getpid(), o.ID, o.Path)
}

// Conceal executes this program again, with argv, so that no process of the same
// user can read its memory or trace it from then on. It returns nil if that is so
// already, was tried, or makes no difference for root, and an error if it could
// not be done. It belongs before there is any secret and any other thing to keep.
func (o Origin) Conceal(argv []string) error {
	if o.Concealed || o.again {
		return nil
	}
	name, done, err := o.concealed()
	if err != nil {
		return err
	}
	defer done()
	if name == "" {
		return nil
	}
	err = Exec(name, argv, append(os.Environ(), o.Variable()))
	return fmt.Errorf("executing a copy of %s that cannot be read: %w", o.Path, err)
}

// concealed returns the name of a copy of this program that cannot be read, to be
// executed before done is called; no name where a copy changes nothing.
func (o Origin) concealed() (name string, done func(), err error) {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", func() {}, nil // it cannot be read, or there is no /proc to execute a copy by
	}
	hidden, err := privileges.Conceal(self)
	if err != nil || hidden == self {
		self.Close()
		return "", func() {}, err
	}
	self.Close()
	return "/proc/self/fd/" + strconv.Itoa(int(hidden.Fd())), func() { hidden.Close() }, nil
}
