package seedfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ExchangeSize is the length of an exchange file in bytes: the 8192 bits of the
// pool for which Postfix/TLS invented it.
const ExchangeSize = 1024

// Exchange is a file through which programs hand each other entropy, such as
// Postfix's prng_exch: 1024 bytes without any structure, opened by all and
// changed in place under a lock. It is never renamed, truncated or synced.
//
// It knows nothing of the daemon: any program may hold one.
type Exchange struct {
	path  string
	owner int

	mu     sync.Mutex // held for a whole cycle, its waiting included
	file   *os.File
	denied error // why the file could only be opened for reading

	statsMu sync.Mutex
	stats   ExchangeStats
}

// ExchangeStats describe an exchange file and the cycles made on it.
type ExchangeStats struct {
	Reads       uint64        // cycles that took something
	Writes      uint64        // cycles that left something
	Skipped     uint64        // cycles given up because another program kept the lock
	Failures    uint64        // cycles failed for any other reason
	Reopened    uint64        // times the file was found removed and opened again
	Loose       bool          // others than the owner may read it; nobody repairs that
	Last        time.Time     // of the last write
	LongestLock time.Duration // that we have held the lock
	LastError   string        // "" if the last cycle went well
}

// ErrBusy says that a cycle was skipped since another program kept the file
// locked.
var ErrBusy = errors.New("locked by another program")

// OpenExchange opens an exchange file. owner is the uid it must belong to; -1
// stands for the owner of its directory, so that a daemon started as root can
// use Postfix's file without being told Postfix's uid, and the directory's owner
// cannot make it write to anybody else's file. A caller that names its own uid owns the
// file: a missing one is then created, mode 0600.
//
// Symbolic links, anything but a regular file, a file that others may write, one
// with a second link and a text are refused with [ErrRefused]. One that may only be
// read is opened for that. Where owner is -1 nothing is made, and Close undoes it
// all.
//
//	openat(AT_FDCWD, "/var/lib/prngd", O_RDWR|O_NOCTTY|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC) = <prng_exch>
//	pread64(<prng_exch>, ..., 512, 0) = 512
func OpenExchange(path string, owner int) (*Exchange, error) {
	x := &Exchange{path: path, owner: owner}
	if err := x.open(); err != nil {
		return nil, err
	}
	return x, nil
}

// AdoptExchange is [OpenExchange] for a descriptor that was inherited, which the
// result owns. After an error it is closed. before is what the program that had it
// counted: the result counts on from there.
func AdoptExchange(path string, owner int, file *os.File, before ExchangeStats) (*Exchange, error) {
	unix.CloseOnExec(int(file.Fd()))
	x := &Exchange{path: path, owner: owner, stats: before}
	if err := x.use(file, writable(file)); err != nil {
		file.Close()
		return nil, fmt.Errorf("taking over exchange file %s: %w", path, err)
	}
	return x, nil
}

// Descriptor returns the open file, for a program that takes this one's place by
// exec.
func (x *Exchange) Descriptor() *os.File {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.file
}

// Close ends the use of the file.
func (x *Exchange) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.file.Close()
}

func (x *Exchange) open() error {
	file, err := x.openPath(unix.O_RDWR)
	denied := err
	if errors.Is(err, unix.ENOENT) && x.owner == os.Geteuid() {
		denied = nil
		file, err = x.openPath(unix.O_RDWR | unix.O_CREAT)
	} else if err != nil {
		file, err = x.openPath(unix.O_RDONLY)
	}
	if err != nil {
		return fmt.Errorf("opening exchange file %s: %w", x.path, err)
	}
	if err := x.use(file, denied); err != nil {
		file.Close()
		return fmt.Errorf("opening exchange file %s: %w", x.path, err)
	}
	return nil
}

// openPath looks before it opens, and opens without waiting: a FIFO must not
// stop us, and opening a device may already do something.
func (x *Exchange) openPath(flags int) (*os.File, error) {
	var st unix.Stat_t
	if err := unix.Lstat(x.path, &st); err == nil {
		if err := regular(&st); err != nil {
			return nil, err
		}
	}
	return openAt(unix.AT_FDCWD, x.path, flags, x.path)
}

// use checks an open file and puts it in the place of the one before.
func (x *Exchange) use(file *os.File, denied error) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	owner, err := x.expected()
	if err != nil {
		return err
	}
	switch mode := uint32(st.Mode); {
	case regular(&st) != nil:
		return regular(&st)
	case st.Uid != owner:
		return refused{fmt.Errorf("belongs to uid %d, not to uid %d", st.Uid, owner)}
	case mode&0o022 != 0:
		return refused{fmt.Errorf("mode %04o: others may write to it", mode&0o777)}
	case st.Nlink != 1:
		return refused{fmt.Errorf("has %d links", st.Nlink)}
	}
	if err := refuseText(file, &st); err != nil {
		return err
	}
	x.file, x.denied = file, denied
	x.note(func(s *ExchangeStats) { s.Loose = uint32(st.Mode)&0o077 != 0 })
	return nil
}

func (x *Exchange) expected() (uint32, error) {
	if x.owner >= 0 {
		return uint32(x.owner), nil
	}
	var st unix.Stat_t
	if err := unix.Stat(filepath.Dir(x.path), &st); err != nil {
		return 0, os.NewSyscallError("stat", err)
	}
	return st.Uid, nil
}

// Stats returns the present state without waiting for a cycle to end.
func (x *Exchange) Stats() ExchangeStats {
	x.statsMu.Lock()
	defer x.statsMu.Unlock()
	return x.stats
}

func (x *Exchange) note(change func(*ExchangeStats)) {
	x.statsMu.Lock()
	defer x.statsMu.Unlock()
	change(&x.stats)
}
