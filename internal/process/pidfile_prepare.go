package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"prngd/internal/change"
)

// ErrPIDFileInUse says that the pid file is that of another daemon, which runs.
// [change.Later] marks it.
var ErrPIDFileInUse = errors.New("it is that of another daemon, which is running")

// PIDFileChange is a pid file that is written beside its path and not yet there.
// It is a [change.Change].
type PIDFileChange struct {
	path string
	file *os.File // locked, under a temporary name until Commit
	dir  string   // the directory that was made for it
}

// PreparePIDFile writes pid and a newline to a file beside path, mode 0644, and
// leaves alone what is at path. A missing directory is made, mode 0755, and given
// to uid and gid (-1: to nobody else), but nothing above it and nothing in the
// root directory. Refused is a path in use by a daemon that runs
// ([ErrPIDFileInUse]), and one at which something else is than a pid file or a
// symbolic link, which Commit replaces. [change.Later] marks what may pass: a full
// disk, quota or file size limit, a file system that is read-only, a missing
// directory above.
func PreparePIDFile(path string, pid, uid, gid int) (*PIDFileChange, error) {
	c := &PIDFileChange{path: path}
	if err := c.prepare(pid, uid, gid); err != nil {
		c.Rollback()
		return nil, fmt.Errorf("writing pid file %s: %w", path, laterIfTemporary(err))
	}
	return c, nil
}

func (c *PIDFileChange) prepare(pid, uid, gid int) error {
	if err := replaceable(c.path); err != nil {
		return err
	}
	if err := c.makeDir(uid, gid); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(c.path), ".prngd-pid-")
	if err != nil {
		return err
	}
	c.file = file
	if _, err := fmt.Fprintf(file, "%d\n", pid); err != nil {
		return err
	}
	if err := file.Chmod(0o644); err != nil { // whatever the umask
		return err
	}
	lock(int(file.Fd()))
	return nil
}

// makeDir makes the directory of the pid file.
func (c *PIDFileChange) makeDir(uid, gid int) error {
	dir := filepath.Dir(c.path)
	if filepath.Dir(dir) == "/" {
		return nil
	}
	err := os.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return nil // CreateTemp says what is missing
	}
	if err != nil {
		return err
	}
	c.dir = dir
	if err := os.Chmod(dir, 0o755); err != nil { // whatever the umask
		return err
	}
	return os.Lchown(dir, uid, gid)
}

// Commit puts the file in its place in one step: a reader sees the old number or
// the new one, never half.
func (c *PIDFileChange) Commit() error {
	err := replaceable(c.path)
	if err == nil {
		err = os.Rename(c.file.Name(), c.path)
	}
	if err != nil {
		c.Rollback()
		return fmt.Errorf("writing pid file %s: %w", c.path, laterIfTemporary(err))
	}
	return nil
}

// PIDFile is the file after a Commit without an error.
func (c *PIDFileChange) PIDFile() *PIDFile { return &PIDFile{path: c.path, file: c.file} }

// Rollback removes what was prepared.
func (c *PIDFileChange) Rollback() {
	if c.file != nil {
		unlinkIfSame(c.file.Name(), c.file)
		c.file.Close()
	}
	if c.dir != "" {
		os.Remove(c.dir) // unless somebody uses it
	}
}

// replaceable returns why what is at path must stay.
func replaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Mode().Type() == fs.ModeSymlink:
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("is a %s, expected a regular file or nothing", kind(info.Mode()))
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if isLocked(fd) {
		return change.Later(ErrPIDFileInUse)
	}
	text := make([]byte, maxPIDText)
	n, err := unix.Read(fd, text)
	if err == nil && !isPID(string(text[:n])) {
		err = errors.New("it holds something else than a process id, expected a number or nothing")
	}
	return err
}

// laterIfTemporary marks what the system may grant at another time.
func laterIfTemporary(err error) error {
	return change.LaterIf(err, unix.ENOSPC, unix.EDQUOT, unix.EFBIG, unix.EROFS, unix.EIO, unix.ENOENT, unix.EMFILE, unix.ENFILE, unix.ENOMEM)
}
