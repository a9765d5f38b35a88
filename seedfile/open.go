package seedfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// take opens what the name leads to, checks and locks it.
//
// The lock is on the file itself, not on one beside it: nothing is left lying
// about, and PRNGD's /etc/prngd-seed needs no second writable path. Since a save
// puts another inode under the name, the name is looked at again once the lock
// is held, and a save locks the new inode before it gets the name. So the holder of
// the lock of what the name leads to is alone.
func (f *File) take() error {
	file, denied, err := f.openName()
	if err != nil {
		return err
	}
	if err := f.inspect(file, denied); err != nil {
		file.Close()
		return err
	}
	f.file = file
	return nil
}

// openName opens the name for reading and writing, or, where that is denied, for
// reading. denied says what stood in the way of writing.
func (f *File) openName() (file *os.File, denied error, err error) {
	var st unix.Stat_t
	err = unix.Fstatat(int(f.dir.Fd()), f.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case errors.Is(err, unix.ENOENT):
		file, err = f.openAt(f.name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)
		if errors.Is(err, unix.EEXIST) {
			err = errMoved
		}
		f.made = err == nil
		return file, nil, err
	case err != nil:
		return nil, nil, os.NewSyscallError("fstatat", err)
	}
	// A look before the open: opening a tape or a watchdog already does something.
	if err := regular(&st); err != nil {
		return nil, nil, err
	}
	file, denied = f.openAt(f.name, unix.O_RDWR)
	if denied != nil {
		file, err = f.openAt(f.name, unix.O_RDONLY)
	}
	return file, denied, err
}

// openAt opens a name in the seed's directory.
func (f *File) openAt(name string, flags int) (*os.File, error) {
	file, err := openAt(int(f.dir.Fd()), name, flags, f.name)
	if errors.Is(err, unix.ENOENT) && flags&unix.O_CREAT == 0 {
		err = errMoved
	}
	return file, err
}

// openAt opens a path, from dir on, as a file that errors call by name. O_NONBLOCK: a
// FIFO that takes the file's place after the look must not stop us. It means nothing
// to a regular file.
func openAt(dir int, path string, flags int, name string) (*os.File, error) {
	flags |= unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	for {
		fd, err := unix.Openat(dir, path, flags, maxMode)
		switch {
		case err == nil:
			unix.SetNonblock(fd, false)
			return os.NewFile(uintptr(fd), name), nil
		case !errors.Is(err, unix.EINTR):
			return nil, os.NewSyscallError("openat", err)
		}
	}
}

// inspect refuses what is not ours to use, locks the rest, and notes what keeps
// it from being credited or overwritten.
func (f *File) inspect(file *os.File, denied error) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if err := regular(&st); err != nil {
		return err
	}
	if !f.trusts(st.Uid) {
		return refused{fmt.Errorf("belongs to uid %d, not to root or uid %d", st.Uid, f.options.Owner)}
	}
	if err := refuseText(file, &st); err != nil {
		return err
	}
	f.uncredited, f.confined = nil, denied
	switch err := tryLock(file, true); {
	case errors.Is(err, ErrInUse):
		return err
	case err != nil:
		f.uncredited = append(f.uncredited, fmt.Sprintf("cannot be locked (%v)", err))
	}
	if !f.named(&st) {
		return errMoved
	}
	f.examineLinks(&st)
	f.examineMode(file, &st)
	return f.examineDirectory()
}

// examineLinks: under a second name the old bytes outlive every replacement, and
// the file may be somebody else's that was linked here to have it overwritten.
func (f *File) examineLinks(st *unix.Stat_t) {
	if st.Nlink == 1 {
		return
	}
	why := fmt.Sprintf("has %d links", st.Nlink)
	f.uncredited = append(f.uncredited, why)
	if f.confined == nil {
		f.confined = errors.New(why)
	}
}

// examineMode tightens a loose file at once, so that what is written next is
// private; what others could read or write until now is still not credited.
func (f *File) examineMode(file *os.File, st *unix.Stat_t) {
	mode := uint32(st.Mode) & 0o777
	if mode&^maxMode == 0 {
		return
	}
	err := f.confined
	if err == nil {
		err = file.Chmod(maxMode)
		f.confined, f.loose = err, fs.FileMode(mode)
	}
	if err != nil {
		f.uncredited = append(f.uncredited, fmt.Sprintf("has mode %04o", mode))
		return
	}
	f.uncredited = append(f.uncredited, fmt.Sprintf("had mode %04o, now %04o", mode, maxMode))
}

// examineDirectory notes a directory in which another user could keep a used seed
// file under another name, and put it back.
func (f *File) examineDirectory() error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.dir.Fd()), &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	mode := uint32(st.Mode)
	if !f.trusts(st.Uid) {
		f.uncredited = append(f.uncredited, fmt.Sprintf("is in a directory of uid %d", st.Uid))
	} else if mode&0o022 != 0 && mode&unix.S_ISVTX == 0 {
		f.uncredited = append(f.uncredited, fmt.Sprintf("is in a directory of mode %04o", mode&0o777))
	}
	return nil
}

// Kept reports whether the path still leads to the file.
func (f *File) Kept() bool {
	f.io.Lock()
	defer f.io.Unlock()
	var st unix.Stat_t
	return unix.Fstat(int(f.file.Fd()), &st) == nil && leadsTo(unix.AT_FDCWD, f.options.Path, &st)
}

// named reports whether the name in the directory leads to the file that st describes.
func (f *File) named(st *unix.Stat_t) bool { return leadsTo(int(f.dir.Fd()), f.name, st) }

// leadsTo reports whether path, from dir on, leads to the file that st describes. In
// a directory that is closed to us since we are no longer root, a file that still
// has its link is taken for it.
func leadsTo(dir int, path string, st *unix.Stat_t) bool {
	var now unix.Stat_t
	err := unix.Fstatat(dir, path, &now, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.EACCES) {
		return st.Nlink > 0
	}
	return err == nil && now.Dev == st.Dev && now.Ino == st.Ino
}

func (f *File) trusts(uid uint32) bool {
	return uid == 0 || f.options.Owner >= 0 && uid == uint32(f.options.Owner)
}

// ErrInUse is in the error of a seed file that another process has open, such as
// the daemon that is running.
var ErrInUse = errors.New("in use by another process")

const (
	lockTries = 20 // at most a second in all: Postfix waits without end, we never
	lockPause = 50 * time.Millisecond
)
