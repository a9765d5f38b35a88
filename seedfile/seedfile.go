// Package seedfile keeps what must survive a restart: the seed file, and the
// exchange file that is shared with other programs.
//
// A start goes
//
//	f, err := seedfile.Open(o)           // while still root; an error is a warning
//	old, err := f.Load()                 // mix old.Data, count nothing
//	err = f.Replace(seedfile.Successor(old.Data, digest, now))
//	if err == nil { ... }                // only now may old.Bits be counted, once
//	f.Keep(ctx, time.Hour, pool, log)    // once the pool gives output, and to the end
//
// What is promised: whatever call a crash of the process or of the kernel comes
// between, the next start finds a valid seed if there was one, and no seed is
// counted twice. A disk that is rolled back or cloned is outside: it brings the
// very bytes back. docs/seedfile-faults.md lists what odd files and places do.
package seedfile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Options say where the seed file is and which user is trusted with it.
type Options struct {
	Path string

	// MachineID identifies this machine, usually what [MachineID] says. Empty,
	// or "uninitialized": no seed is ever credited.
	MachineID []byte

	// Credit is the operator's word that disks of this machine are neither
	// snapshotted, cloned nor thrown away (seed-credit yes). Without it seeds are
	// mixed and replaced just the same, and counted as nothing.
	Credit bool

	// Again says that the caller has used or saved a seed before, in this file or in
	// another: what is in it may be the caller's own output, and is not counted.
	Again bool

	// Owner is the uid, beside root, that may own the file and its directory:
	// the one the daemon runs as.
	Owner int
}

// File is an open and locked seed file. Its methods may be called from several
// goroutines. [File.Stats] never waits for the disk; the others do.
type File struct {
	options Options
	name    string   // last component of the path
	dir     *os.File // the directory, so that later writes need no path
	machine [32]byte
	known   bool // machine is not empty

	io         sync.Mutex // held while the disk is at work
	file       *os.File   // the inode that the name leads to, locked
	uncredited []string   // why what is in it may never be credited
	confined   error      // why it must not be overwritten in place; nil if it may
	scanned    bool       // size, foreign and slots are known
	size       int64      // of what was loaded, in bytes
	foreign    error      // why no record of ours was found; nil once there is one
	slots      slots
	pending    int // bits that the next successful Replace makes creditable

	made  bool        // Open has made it
	loose fs.FileMode // the mode that Open has tightened; 0 = none

	status status
}

var errMoved = errors.New("replaced while it was being opened")

// maxMode is the loosest mode a seed may have.
const maxMode = 0o600

// Open opens and locks the seed file, and creates an empty one if there is none:
// so that two daemons never share a seed, and that one which drops root has a
// descriptor to write to afterwards. Nothing is read yet.
//
// A symbolic link, anything but a regular file, a file of another owner and a text
// are refused with [ErrRefused]. One that another process keeps locked for a second
// gives [ErrInUse]: so long a daemon that is just being stopped may take for its
// last save, after its sockets are gone. [File.Rollback] undoes an Open.
//
//	openat(AT_FDCWD, "/var/lib/prngd", O_RDONLY|O_CLOEXEC|O_DIRECTORY) = <dir>
//	openat(<dir>, "seed", O_RDWR|O_NOCTTY|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC) = <seed>
//	pread64(<seed>, ..., 512, 0) = 512
//	flock(<seed>, LOCK_EX|LOCK_NB) = 0
func Open(o Options) (*File, error) {
	dir, err := openDirectory(filepath.Dir(o.Path))
	if err != nil {
		return nil, fmt.Errorf("opening seed %s: %w", o.Path, err)
	}
	f := newFile(o, dir)
	err = f.take()
	for try := 1; try < lockTries && (errors.Is(err, errMoved) || errors.Is(err, ErrInUse)); try++ {
		if errors.Is(err, ErrInUse) {
			time.Sleep(lockPause)
		}
		err = f.take()
	}
	if err != nil {
		dir.Close()
		return nil, fmt.Errorf("opening seed %s: %w", o.Path, err)
	}
	return f, nil
}

func newFile(o Options, dir *os.File) *File {
	f := &File{options: o, name: filepath.Base(o.Path), dir: dir, slots: slots{newest: -1}}
	f.machine, f.known = machineHash(o.MachineID)
	f.status.now.Path = o.Path
	return f
}

func openDirectory(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open directory", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Rollback ends the use of a file that was opened and not used, and leaves the path
// as Open found it: without the file that Open has made, or with the mode that it
// had.
func (f *File) Rollback() {
	f.io.Lock()
	defer f.io.Unlock()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.file.Fd()), &st); err == nil {
		switch {
		case f.made && st.Size == 0 && f.named(&st):
			unix.Unlinkat(int(f.dir.Fd()), f.name, 0)
		case f.loose != 0:
			f.file.Chmod(f.loose)
		}
	}
	f.file.Close()
	f.dir.Close()
}

// Close ends the use of the file, and with it the lock. It saves nothing.
//
//	close(<seed>) = 0
//	close(<dir>) = 0
func (f *File) Close() error {
	f.io.Lock()
	defer f.io.Unlock()
	return errors.Join(f.file.Close(), f.dir.Close())
}

// Descriptors returns the file and its directory, for a program that takes this
// one's place by exec: it may no longer be permitted to open them. They stay
// ours. Nothing must be saved between this call and the exec, since a save may
// put another file under the name.
func (f *File) Descriptors() (file, dir *os.File) {
	f.io.Lock()
	defer f.io.Unlock()
	return f.file, f.dir
}

// Adopt is [Open] for descriptors that were inherited, which the result owns.
// The lock came with them. After an error they are closed.
func Adopt(o Options, file, dir *os.File) (*File, error) {
	unix.CloseOnExec(int(file.Fd()))
	unix.CloseOnExec(int(dir.Fd()))
	f := newFile(o, dir)
	if err := f.inspect(file, writable(file)); err != nil {
		file.Close()
		dir.Close()
		return nil, fmt.Errorf("taking over seed %s: %w", o.Path, err)
	}
	f.file = file
	return f, nil
}

// machineHash is what of the machine's identity stands in the file: hashed
// under a label of our own, since machine-id(5) asks that the id itself be kept
// from the outside. The zero hash means that there is no id, and matches
// nothing.
func machineHash(id []byte) (h [32]byte, ok bool) {
	id = bytes.TrimSpace(id)
	if len(id) == 0 || string(id) == "uninitialized" {
		return h, false
	}
	return sha256.Sum256(append([]byte("prngd seed machine-id "), id...)), true
}
