package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// PIDFile is a pid file that this process wrote. Its descriptor stays open and
// locked: so it can be emptied when, privileges dropped, it can no longer be
// unlinked, and other daemons see that it is in use.
type PIDFile struct {
	path string
	file *os.File
}

// Path returns the path, "" for a nil PIDFile.
func (p *PIDFile) Path() string {
	if p == nil {
		return ""
	}
	return p.path
}

// File returns the open file, which stays p's, for a program that takes the place
// of this one; nil for a nil PIDFile.
func (p *PIDFile) File() *os.File {
	if p == nil {
		return nil
	}
	return p.file
}

// AdoptPIDFile is the way back from Path and File: file is an inherited
// descriptor, which the result owns.
func AdoptPIDFile(path string, file *os.File) (*PIDFile, error) {
	unix.CloseOnExec(int(file.Fd()))
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("adopting pid file %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("adopting pid file %s: the descriptor is a %s", path, kind(info.Mode()))
	}
	return &PIDFile{path: path, file: file}, nil
}

// Is says what the file system has at the path now: "pid 4711", or what is wrong.
func (p *PIDFile) Is() string {
	ours, err := p.file.Stat()
	if err != nil {
		return fmt.Sprintf("unknown: %v", err)
	}
	there, err := os.Lstat(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing"
	case errors.Is(err, fs.ErrPermission) && links(ours) > 0: // a directory closed to us since root was given up
	case err != nil:
		return fmt.Sprintf("unknown: %v", err)
	case !os.SameFile(ours, there):
		return "another file"
	}
	text := make([]byte, maxPIDText)
	n, _ := p.file.ReadAt(text, 0)
	return "pid " + strings.TrimSpace(string(text[:n]))
}

// links returns how many names a file has.
func links(info fs.FileInfo) uint64 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(st.Nlink)
}

// Remove unlinks the file if it is still the one that we wrote; a later daemon's
// is not touched. A file that cannot be unlinked is emptied instead. A nil
// PIDFile has nothing to remove.
func (p *PIDFile) Remove() error {
	if p == nil {
		return nil
	}
	defer p.file.Close()
	err := unlinkIfSame(p.path, p.file)
	if err == nil {
		return nil
	}
	if truncated := p.file.Truncate(0); truncated != nil {
		return fmt.Errorf("removing pid file %s: %w", p.path, errors.Join(err, truncated))
	}
	return nil
}

// errOtherFile says that a path leads to another file by now.
var errOtherFile = errors.New("it is another file by now")

func unlinkIfSame(path string, file *os.File) error {
	ours, err := file.Stat()
	if err != nil {
		return err
	}
	there, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(ours, there) {
		return errOtherFile
	}
	return os.Remove(path)
}

// maxPIDText is more than any pid file has, in bytes.
const maxPIDText = 32

// isPID reports whether text is what a pid file may hold: one number, or nothing.
func isPID(text string) bool {
	text = strings.TrimSpace(text)
	_, err := strconv.ParseUint(text, 10, 63)
	return text == "" || err == nil
}

// kind names what is not a regular file, for an error.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeDevice != 0:
		return "device"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "special file"
}
