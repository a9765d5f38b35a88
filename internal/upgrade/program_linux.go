package upgrade

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"prngd/internal/change"
	"prngd/internal/privileges"
	"prngd/internal/process"
)

// Program is a program file that was opened once: the file of the preflight is
// the file of the exec, whatever a package manager does to the name in between.
type Program struct {
	origin process.Origin
	file   *os.File    // what is executed: the file, or a copy that cannot be read
	info   os.FileInfo // of the file
	guard  *guard      // of the last preflight that passed
	exec   func(name string, argv, environ []string) error
}

// lowestProgramFD keeps the program's descriptor out of the way of those that a
// child finds at fixed places.
const lowestProgramFD = 10

// Open opens the program at path. It is executed by /proc/self/fd, or by its path
// where there is no /proc and the path still leads to it. Nothing is read that
// could block. A script is refused: it is run by another program, which reads it
// by a name that an exec in place cannot give it.
func Open(path string) (*Program, error) {
	p, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("opening program %s: %w", path, laterIfTemporary(err))
	}
	return p, nil
}

func open(path string) (*Program, error) {
	file, err := openPath(path)
	if err != nil {
		return nil, err
	}
	info, err := check(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	p := &Program{origin: process.Origin{Path: path, ID: process.FileID(info)}, file: file, info: info, exec: process.Exec}
	if !hasProc() {
		return p, nil
	}
	if p.file, err = privileges.Conceal(file); err != nil {
		file.Close()
		return nil, err
	}
	if p.file != file {
		file.Close()
		p.file, err = highDescriptor(p.file)
	}
	return p, err
}

// openPath opens the file at path, neither to read nor to write.
func openPath(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return highDescriptor(os.NewFile(uintptr(fd), path))
}

// highDescriptor moves f to a descriptor from lowestProgramFD on.
func highDescriptor(f *os.File) (*os.File, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, lowestProgramFD)
	if err != nil {
		return nil, os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// check refuses what is no program.
func check(file *os.File) (os.FileInfo, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("its mode is %v, expected a regular file", info.Mode())
	}
	text, err := os.Open(fdName(file))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return info, nil // unreadable is as it should be; without /proc the preflight decides
	}
	if err != nil {
		return nil, err
	}
	defer text.Close()
	begin := make([]byte, 2)
	if _, err := text.ReadAt(begin, 0); err == nil && bytes.Equal(begin, []byte("#!")) {
		return nil, errors.New("it is a script, expected a program: an upgrade in place cannot run a script")
	}
	return info, nil
}

// Close gives the descriptors back and ends what the preflight has left.
func (p *Program) Close() error {
	p.guard.dismiss()
	p.guard = nil
	return p.file.Close()
}

// Same reports whether p is the very file, unchanged, that origin was.
func (p *Program) Same(origin process.Origin) bool { return p.origin.ID == origin.ID }

// name is what to execute: in this process or, before its own exec, in a child.
func (p *Program) name() (string, error) {
	if hasProc() {
		return fdName(p.file), nil
	}
	if there, err := os.Stat(p.origin.Path); err == nil && os.SameFile(p.info, there) {
		return p.origin.Path, nil
	}
	return "", fmt.Errorf("program %s has been replaced, and there is no /proc to reach the old one", p.origin.Path)
}

func hasProc() bool {
	_, err := os.Stat("/proc/self/fd")
	return err == nil
}

func fdName(f *os.File) string { return "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) }

// laterIfTemporary marks what the system may grant at another time.
func laterIfTemporary(err error) error {
	return change.LaterIf(err, unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.ETXTBSY, unix.ENOSPC, unix.EIO, unix.EINTR)
}
