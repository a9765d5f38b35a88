package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// unixSocket is a Unix socket on its way to its path. It is bound under a
// temporary name in the same directory, listens from then on, and has its owner
// and mode before it gets the path: at the path it is never seen without any of
// these.
type unixSocket struct {
	sys      *system
	path     string
	temp     string   // empty: it has gone to path
	replaces identity // of our own socket at path; zero: none
	file     identity
	listener *Listener
	made     string // the directory that was made for it; empty: none
}

// openUnix opens a socket for e.path. old is ours at the same path.
func openUnix(sys *system, e endpoint, o *Options, old *Listener) (_ *opening, err error) {
	u := &unixSocket{sys: sys, path: e.path}
	if old != nil {
		u.replaces = old.opened.file
	}
	if most := maxPath(); len(u.path) > most {
		return nil, fmt.Errorf("path of %d bytes, expected at most %d", len(u.path), most)
	}
	defer func() {
		if err != nil {
			u.undo()
			err = withoutPath(err)
		}
	}()
	if u.made, err = prepareDirectory(sys, filepath.Dir(u.path), o.Directory); err != nil {
		return nil, err
	}
	if _, err := u.found(); err != nil {
		return nil, err
	}
	removeAbandoned(sys, filepath.Dir(u.path))
	if err := u.bind(o.Mode.Perm()); err != nil {
		return nil, err
	}
	if err := u.give(o); err != nil {
		return nil, err
	}
	p := &opening{listener: u.listener, place: u.place, undo: u.undo}
	if old != nil {
		p.replaces = []*Listener{old}
	}
	return p, nil
}

// maxPath is the longest path of a Unix socket in bytes.
func maxPath() int { return len(syscall.RawSockaddrUnix{}.Path) - 1 }

// found reports whether there is something at the path. Our own socket and a dead
// one may be replaced, anything else is an error.
func (u *unixSocket) found() (bool, error) {
	info, err := u.sys.lstat(u.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case info.Mode().Type() != fs.ModeSocket:
		return false, errors.New("not a socket, will not touch it")
	case u.replaces != identity{} && identityOf(info) == u.replaces:
		return true, nil
	case inUse(u.sys, u.path):
		return false, ErrInUse
	}
	owner, _ := ownerOf(info)
	if euid := os.Geteuid(); euid != 0 && owner != euid {
		return false, fmt.Errorf("a dead socket of uid %d, will not touch it", owner)
	}
	return true, nil
}

// inUse reports whether a process may serve the socket at path. A refusal is
// the one sure sign of none: a full backlog, a datagram socket or a socket that
// we may not connect to all mean that a process has it.
func inUse(sys *system, path string) bool {
	err := sys.dial(path)
	return !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist)
}

// bind makes the socket under a temporary name, with its mode from the beginning.
func (u *unixSocket) bind(mode fs.FileMode) error {
	dir, base := filepath.Split(u.path)
	name := fmt.Sprintf("%s%08x", tempPrefix, rand.Uint32())
	if long := "." + base + name; len(dir)+len(long) <= maxPath() {
		name = long
	}
	u.temp = filepath.Join(dir, name)
	at, done, err := shortPath(u.sys, dir, name)
	if err != nil {
		return err
	}
	defer done()
	var ln net.Listener
	err = withUmask(0o777&^mode, func() (err error) {
		ln, err = u.sys.listen("unix", at)
		return err
	})
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("uid %d cannot create a socket in %s, which needs a start by root: %w", os.Geteuid(), filepath.Clean(dir), withoutPath(err))
	}
	if err != nil {
		return err
	}
	ln.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(false) // it would remove any file
	u.listener = NewListener(ln, nil)
	return nil
}

// give gives the socket its group and mode, and remembers which file it is.
func (u *unixSocket) give(o *Options) error {
	if o.GID >= 0 {
		err := u.sys.chgrp(u.temp, o.GID)
		if errors.Is(err, fs.ErrPermission) {
			err = fmt.Errorf("uid %d cannot give a socket to group %d, which needs a start by root: %w", os.Geteuid(), o.GID, withoutPath(err))
		}
		if err != nil {
			return err
		}
	}
	info, err := u.sys.lstat(u.temp)
	if err != nil {
		return err
	}
	if info.Mode().Perm() != o.Mode.Perm() { // a default ACL of the directory
		if err := u.sys.chmod(u.temp, o.Mode); err != nil {
			return err
		}
	}
	l := u.listener
	uid, _ := ownerOf(info)
	u.file = identityOf(info)
	l.path, l.lstat, l.unlink = u.path, u.sys.lstat, u.sys.remove
	l.opened = opened{address: o.Address, file: u.file, mode: o.Mode.Perm(), gid: o.GID, uid: uid}
	return nil
}

// withoutPath leaves out of an error the temporary name, which says nothing, and
// which would make a new line of the log of every attempt.
func withoutPath(err error) error {
	switch e := err.(type) {
	case *net.OpError:
		return e.Err
	case *fs.PathError:
		return os.NewSyscallError(e.Op, e.Err)
	case *os.LinkError:
		return os.NewSyscallError(e.Op, e.Err)
	}
	return err
}

// place moves the socket to its path, where clients find it from then on.
func (u *unixSocket) place() error {
	unlock := lockDirectory(u.sys, filepath.Dir(u.path))
	defer unlock()
	for range 3 { // the path comes or goes while we look
		found, err := u.found()
		switch {
		case err != nil:
			return err
		case found:
			err = u.sys.rename(u.temp, u.path)
		default:
			err = u.sys.link(u.temp, u.path)
		}
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return withoutPath(err)
		}
		if !found { // it was linked and has both names
			if err := u.sys.remove(u.temp); err != nil {
				return withoutPath(err)
			}
		}
		u.temp = ""
		return nil
	}
	return ErrInUse
}

// undo closes the socket and removes every name that it has, and its directory.
func (u *unixSocket) undo() {
	if u.temp != "" {
		u.sys.remove(u.temp)
	}
	if u.file != (identity{}) {
		if info, err := u.sys.lstat(u.path); err == nil && identityOf(info) == u.file {
			u.sys.remove(u.path)
		}
	}
	if u.listener != nil {
		u.listener.release()
	}
	if u.made != "" {
		u.sys.remove(u.made)
	}
}

// tempPrefix is in the name of every socket that has not got its path yet.
const tempPrefix = ".prngd-"

// abandonedAge is how old a socket under a temporary name must be to have been
// left by a process that ended: placing it takes milliseconds.
const abandonedAge = time.Minute

// removeAbandoned removes sockets that an earlier process left under temporary
// names.
func removeAbandoned(sys *system, dir string) {
	entries, err := sys.readDir(dir)
	if err != nil {
		return // a directory that we may not read has none of ours to remove
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") || !strings.Contains(e.Name(), tempPrefix) || e.Type() != fs.ModeSocket {
			continue
		}
		path := filepath.Join(dir, e.Name())
		info, err := sys.lstat(path)
		if err != nil || time.Since(info.ModTime()) < abandonedAge || inUse(sys, path) {
			continue
		}
		if owner, _ := ownerOf(info); owner == os.Geteuid() {
			sys.remove(path)
		}
	}
}

// lockDirectory keeps other starting processes from replacing a dead socket at the
// same time. Where there is no lock, the checks of the inode have to do.
func lockDirectory(sys *system, dir string) (unlock func()) {
	d, err := sys.openDir(dir)
	if err != nil {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockTime)
	defer cancel()
	for errors.Is(sys.lock(d), syscall.EWOULDBLOCK) && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	return func() { d.Close() }
}
