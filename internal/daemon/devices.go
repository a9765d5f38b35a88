package daemon

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"prngd/gatherers"
)

// devices are those that prngd.conf names, kept open: often only root may open
// them, and after a reload or an upgrade we are no longer root.
type devices struct {
	mu   sync.Mutex
	kept map[string]*os.File
}

// Open opens the device at path, or gives another descriptor of the one that was
// opened when that was permitted.
func (d *devices) Open(path string) (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := gatherers.OpenDevice(path)
	if kept := d.kept[path]; errors.Is(err, fs.ErrPermission) && kept != nil {
		return duplicate(kept)
	}
	if err == nil {
		if second, err := duplicate(f); err == nil {
			d.keep(path, second)
		}
	}
	return f, err
}

func (d *devices) keep(path string, f *os.File) {
	if old := d.kept[path]; old != nil {
		old.Close()
	}
	if d.kept == nil {
		d.kept = map[string]*os.File{}
	}
	d.kept[path] = f
}

// duplicate returns another descriptor of f, which does not outlive an exec.
func duplicate(f *os.File) (*os.File, error) {
	fd, err := descriptorOf(f)
	if err != nil {
		return nil, err
	}
	syscall.ForkLock.RLock() // nobody starts a program in between
	defer syscall.ForkLock.RUnlock()
	second, err := unix.Dup(fd)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	unix.CloseOnExec(second)
	return fileOf(second, f.Name()), nil
}

// hand describes them for the program that takes our place.
func (d *devices) hand() (handed []handedFile) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path, f := range d.kept {
		if fd, err := descriptorOf(f); err == nil {
			handed = append(handed, handedFile{Path: path, FD: fd})
		}
	}
	return handed
}

// inheritedDevices takes over those of the program before us.
func inheritedDevices(h *handover) *devices {
	d := &devices{}
	if h != nil {
		for _, f := range h.Devices {
			d.keep(f.Path, fileOf(f.FD, f.Path))
		}
	}
	return d
}
