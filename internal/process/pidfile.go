package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// PIDFile is a pid file that we wrote. Its descriptor stays open, so that it
// can be emptied when, privileges dropped, it can no longer be unlinked.
type PIDFile struct {
	path string
	file *os.File
}

// WritePIDFile writes pid and a newline to path, mode 0644. It replaces what
// is there in one step: a reader sees the old number or the new one, never
// half. Anything but a file or a link in that place is left alone.
func WritePIDFile(path string, pid int) (*PIDFile, error) {
	old, err := os.Lstat(path)
	if err == nil && !old.Mode().IsRegular() && old.Mode().Type() != fs.ModeSymlink {
		return nil, fmt.Errorf("writing pid file %s: is a %s, expected a regular file or nothing", path, kind(old.Mode()))
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".prngd-pid-")
	if err != nil {
		return nil, fmt.Errorf("writing pid file %s: %w", path, err)
	}
	if err := publish(file, path, pid); err != nil {
		file.Close()
		os.Remove(file.Name())
		return nil, fmt.Errorf("writing pid file %s: %w", path, err)
	}
	return &PIDFile{path: path, file: file}, nil
}

func publish(file *os.File, path string, pid int) error {
	if _, err := fmt.Fprintf(file, "%d\n", pid); err != nil {
		return err
	}
	if err := file.Chmod(0o644); err != nil { // whatever the umask
		return err
	}
	return os.Rename(file.Name(), path)
}

// Remove unlinks the file if it is still the one we wrote; a later daemon's is
// not touched. A file that cannot be unlinked is emptied instead. A nil
// PIDFile has nothing to remove.
func (p *PIDFile) Remove() error {
	if p == nil {
		return nil
	}
	defer p.file.Close()
	ours, err := p.file.Stat()
	if err != nil {
		return fmt.Errorf("removing pid file %s: %w", p.path, err)
	}
	there, err := os.Lstat(p.path)
	if err == nil && os.SameFile(ours, there) {
		err = os.Remove(p.path)
		if err == nil {
			return nil
		}
	}
	if truncated := p.file.Truncate(0); truncated != nil {
		return fmt.Errorf("removing pid file %s: %w", p.path, errors.Join(err, truncated))
	}
	return nil
}

// Descriptor returns what a program needs that takes this one's place and keeps
// the pid file: its path and its open file, which stays p's. A nil PIDFile has
// neither.
func (p *PIDFile) Descriptor() (path string, file *os.File) {
	if p == nil {
		return "", nil
	}
	return p.path, p.file
}

// AdoptPIDFile is the way back: file is an inherited descriptor, which the
// result owns.
func AdoptPIDFile(path string, file *os.File) (*PIDFile, error) {
	unix.CloseOnExec(int(file.Fd()))
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("taking over pid file %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("taking over pid file %s: the descriptor is a %s", path, kind(info.Mode()))
	}
	return &PIDFile{path: path, file: file}, nil
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
	}
	return "special file"
}
