package sources

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// devices are those that the settings name, and named pipes, kept open: often only
// root may open them, and after a reload or an upgrade the daemon is no longer root.
type devices struct {
	mu      sync.Mutex
	kept    map[string]*os.File
	current *stage // committed last
}

// newDevices adopts the devices that were handed over.
func newDevices(before *State) *devices {
	d := &devices{kept: map[string]*os.File{}}
	if before != nil {
		for _, f := range before.Devices {
			unix.CloseOnExec(f.FD)
			d.keep(f.Path, os.NewFile(uintptr(f.FD), f.Path))
		}
	}
	return d
}

// open opens the device at path by opener, or returns another descriptor of the one
// that was opened when that was permitted.
func (d *devices) open(path string, opener func(string) (*os.File, error)) (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := opener(path)
	if kept := d.kept[path]; errors.Is(err, fs.ErrPermission) && kept != nil {
		return duplicate(kept)
	}
	return f, err
}

// keep keeps f, which is not used otherwise, in place of what was kept for path.
func (d *devices) keep(path string, f *os.File) {
	if old := d.kept[path]; old != nil {
		old.Close()
	}
	d.kept[path] = f
}

// duplicate returns another descriptor of f, which does not outlive an exec.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := descriptor(f)
	if err != nil {
		return nil, err
	}
	syscall.ForkLock.RLock() // no child is started before CloseOnExec
	defer syscall.ForkLock.RUnlock()
	second, err := unix.Dup(fd)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	unix.CloseOnExec(second)
	return os.NewFile(uintptr(second), f.Name()), nil
}

// descriptor returns f's own descriptor; f must stay open as long as it is used.
// Unlike Fd it leaves f in non-blocking mode.
func descriptor(f *os.File) (fd int, err error) {
	raw, err := f.SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = int(n) })
	}
	return fd, err
}

// handOver describes the open devices for the program that follows.
func (d *devices) handOver() (list []Device) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path, f := range d.kept {
		if fd, err := descriptor(f); err == nil {
			list = append(list, Device{Path: path, FD: fd})
		}
	}
	return list
}

// stage is the devices of a change that is not in effect. One goroutine uses it
// until it is committed or rolled back.
type stage struct {
	of *devices

	mu        sync.Mutex
	opened    map[string]*os.File // to be kept
	failed    map[string]error
	committed bool
}

func (d *devices) stage() *stage {
	return &stage{of: d, opened: map[string]*os.File{}, failed: map[string]error{}}
}

// opener returns a function that opens a device by open.
func (s *stage) opener(open func(string) (*os.File, error)) func(path string) (*os.File, error) {
	return func(path string) (*os.File, error) { return s.open(path, open) }
}

// open opens the device at path and keeps a second descriptor of it: at once when
// the change is in effect, else from its commit on.
func (s *stage) open(path string, opener func(string) (*os.File, error)) (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replaced() {
		return nil, errReplaced
	}
	f, err := s.of.open(path, opener)
	if err != nil {
		s.failed[path] = err
		return nil, err
	}
	second, err := duplicate(f)
	if err != nil {
		return f, nil // it serves as long as nobody must open it again
	}
	if s.committed {
		s.of.mu.Lock()
		defer s.of.mu.Unlock()
		s.of.keep(path, second)
		return f, nil
	}
	if old := s.opened[path]; old != nil {
		old.Close()
	}
	s.opened[path] = second
	return f, nil
}

// errReplaced is for a sample that goes on after a reload: what it opened would stay
// open, whether the new settings name it or not.
var errReplaced = errors.New("a reload has replaced this source")

// replaced reports whether another change was committed after this one.
func (s *stage) replaced() bool {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	return s.committed && s.of.current != s
}

// commit keeps what was opened, and closes what is kept of devices that the
// change does not name.
func (s *stage) commit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	for path, f := range s.of.kept {
		if s.opened[path] == nil && s.failed[path] == nil {
			f.Close()
			delete(s.of.kept, path)
		}
	}
	for path, f := range s.opened {
		s.of.keep(path, f)
	}
	s.opened, s.committed, s.of.current = nil, true, s
}

func (s *stage) rollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.opened {
		f.Close()
	}
	s.opened = nil
}
