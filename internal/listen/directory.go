package listen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// prepareDirectory checks the way to a socket and makes the last directory of it
// if that is missing, but nothing above it and no child of the root directory: a
// typing error in a path should not grow a tree. made is empty if it made none.
func prepareDirectory(sys *system, dir string, d *Directory) (made string, err error) {
	if err := checkLinks(sys, dir); err != nil {
		return "", err
	}
	if d == nil {
		d = &Directory{Mode: 0o755, UID: -1, GID: -1}
		if os.Geteuid() != 0 {
			return "", nil
		}
	}
	if made, err = makeDirectory(sys, dir, d); err != nil || !d.Private {
		return made, err
	}
	return made, checkPrivate(sys, dir)
}

// checkLinks refuses a way to a socket on which another user has put a symbolic
// link, for root: the owner of a jail's directory could lead it elsewhere. Root's
// own links, such as /var/run, are followed.
func checkLinks(sys *system, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		info, err := sys.lstat(dir)
		if err != nil || info.Mode().Type() != fs.ModeSymlink {
			continue
		}
		if owner, _ := ownerOf(info); owner != 0 {
			return fmt.Errorf("%s is a symbolic link of uid %d, expected a directory, or a link of root's", dir, owner)
		}
	}
	return nil
}

func makeDirectory(sys *system, dir string, d *Directory) (made string, err error) {
	if filepath.Dir(dir) == "/" {
		return "", nil
	}
	if _, err := sys.stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return "", nil // what is wrong with it, bind will tell
	}
	err = withUmask(0o777&^d.Mode, func() error { return sys.mkdir(dir, d.Mode) })
	switch {
	case errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist):
		return "", nil // made meanwhile, or the one above is missing
	case err != nil:
		return "", fmt.Errorf("making the socket's directory: %w", err)
	}
	if d.UID < 0 && d.GID < 0 {
		return dir, nil
	}
	if err := sys.lchown(dir, d.UID, d.GID); err != nil {
		return dir, fmt.Errorf("making the socket's directory: %w", err)
	}
	return dir, nil
}

// checkPrivate refuses a directory that another user could have put there for us.
func checkPrivate(sys *system, dir string) error {
	info, err := sys.lstat(dir)
	if err != nil {
		return err
	}
	owner, _ := ownerOf(info)
	if !info.IsDir() || owner != os.Geteuid() && owner != -1 || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("directory %s: expected one that belongs to uid %d and that others cannot write to", dir, os.Geteuid())
	}
	return nil
}
