package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"prngd/egdproto"
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

// makeStateDirectory makes the directory of the seed file. Below the home
// directory that is a path of several steps, as the XDG Base Directory
// Specification wants it.
func makeStateDirectory(dir string) error {
	home := os.Getenv("HOME")
	if os.Getuid() != 0 && filepath.IsAbs(home) && strings.HasPrefix(dir, filepath.Clean(home)+"/") {
		return os.MkdirAll(dir, 0o700)
	}
	return makeDirectory(dir, 0o700)
}

// makeSocketDirectory makes the directory of the default sockets of whoever is
// not root; root's is the server's affair. It may lie where all may write, and
// then a stranger's directory would be a trap.
func makeSocketDirectory(a egdproto.Address) error {
	dir := filepath.Dir(a.Path)
	if own := defaultPaths(); os.Getuid() == 0 || dir != filepath.Dir(own.Socket) && dir != filepath.Dir(own.Status) {
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
