package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"prngd/egdproto"
	"prngd/internal/config"
)

// makeDirectory makes dir if it is missing, but nothing above it and no child
// of the root directory: a typing error in a path should not grow a tree.
func makeDirectory(dir string, mode fs.FileMode) error {
	if filepath.Dir(dir) == "/" {
		return nil
	}
	err := os.Mkdir(dir, mode)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return nil // who opens a file there will say what is missing
	}
	return err
}

// makeDirectories makes those that root has by default, for whom we become: of
// the seed file and, so that it can be removed and made again, of the control
// socket. Whoever is not root has the former below his home directory, a path of
// several steps, as the XDG Base Directory Specification wants it.
func (d *daemon) makeDirectories(s *config.Settings) error {
	paths := defaultPaths(d.owner)
	seed := filepath.Dir(s.Seed.Path)
	home := os.Getenv("HOME")
	switch {
	case s.Seed.Path == "" || s.Seed.Path != paths.Seed:
	case d.owner != 0 && filepath.IsAbs(home) && strings.HasPrefix(seed, filepath.Clean(home)+"/"):
		return os.MkdirAll(seed, 0o700)
	default:
		if err := d.makeOwnDirectory(seed, 0o700); err != nil {
			return err
		}
	}
	if d.owner == 0 && s.Status.Address.Path == paths.Status {
		return d.makeOwnDirectory(filepath.Dir(s.Status.Address.Path), 0o755)
	}
	return nil
}

// makeOwnDirectory makes a directory, if it is missing, that belongs to whom we
// become.
func (d *daemon) makeOwnDirectory(dir string, mode fs.FileMode) error {
	if _, err := os.Lstat(dir); err == nil {
		return nil
	}
	if err := makeDirectory(dir, mode); err != nil || d.account == nil {
		return err
	}
	err := os.Lchown(dir, d.account.UID, d.account.GID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // see makeDirectory
	}
	return err
}

// makeSocketDirectory makes the directory of the default sockets of whoever is
// not root; root's is the server's affair. It may lie where all may write, and
// then a stranger's directory would be a trap.
func makeSocketDirectory(a egdproto.Address, owner int) error {
	dir := filepath.Dir(a.Path)
	if own := defaultPaths(owner); owner == 0 || dir != filepath.Dir(own.Socket) && dir != filepath.Dir(own.Status) {
		return nil
	}
	if err := makeDirectory(dir, 0o700); err != nil {
		return fmt.Errorf("making the socket's directory: %w", err)
	}
	return ownDirectory(dir)
}

// ownDirectory refuses a directory that others could have put there for us.
func ownDirectory(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || ok && int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("directory %s: expected one that belongs to uid %d and that others cannot write to", dir, os.Getuid())
	}
	return nil
}
