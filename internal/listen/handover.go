package listen

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
)

// State is the sockets of a set as the next program of the process gets them.
type State []handedSlot

// Descriptors returns those that have to stay open over the exec.
func (s State) Descriptors() (fds []int) {
	for _, sl := range s {
		for _, h := range sl.Sockets {
			fds = append(fds, h.FD)
		}
	}
	return fds
}

// handedSlot is a line and its sockets.
type handedSlot struct {
	Options    Options        `json:"options"`
	Path       []byte         `json:"path,omitempty"` // of the address: it need not be UTF-8, which JSON is
	Sockets    []handedSocket `json:"sockets,omitempty"`
	Supervised bool           `json:"supervised,omitempty"`
}

// HandOver describes the sockets for [Set.Adopt] in the next program.
func (s *Set) HandOver() (State, error) {
	var slots State
	for _, sl := range s.current() {
		h := handedSlot{Options: sl.options, Path: []byte(sl.options.Address.Path), Supervised: sl.supervised}
		for _, l := range sl.sockets {
			socket, err := l.handOver()
			if err != nil {
				return nil, fmt.Errorf("handing over %s: %w", l.Address(), err)
			}
			h.Sockets = append(h.Sockets, socket)
		}
		slots = append(slots, h)
	}
	return slots, nil
}

func (l *Listener) handOver() (h handedSocket, err error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return h, err
	}
	h = l.described()
	return h, raw.Control(func(fd uintptr) { h.FD = int(fd) })
}

// Adopt takes over what HandOver described; each descriptor is close-on-exec from
// here on. Call it once, on a new set, before [Set.Prepare] with mode [Adopted], or
// [Strict] in a preflight. What cannot be adopted is left out, and the error names
// it.
func (s *Set) Adopt(handed State) error {
	var errs []error
	var slots []*slot
	for _, h := range handed {
		h.Options.Address.Path = string(h.Path)
		sl := &slot{options: h.Options, supervised: h.Supervised}
		for _, socket := range h.Sockets {
			unix.CloseOnExec(socket.FD)
			socket.Address.Path = string(socket.Path)
			l, err := s.adopt(os.NewFile(uintptr(socket.FD), socket.Address.String()), socket)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			l.take(&h.Options)
			sl.sockets = append(sl.sockets, l)
		}
		slots = append(slots, sl)
	}
	s.adopted = true
	s.install(slots)
	return errors.Join(errs...)
}

// AdoptFiles takes over the sockets of a supervisor, and closes files. What is no
// EGD socket is left out, and the error names it.
func (s *Set) AdoptFiles(files []*os.File) error {
	var errs []error
	slots := s.current()
	for _, f := range files {
		l, err := s.adoptSupervised(f)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if info, err := s.sys.lstat(l.path); err == nil { // else Missing tells
			l.opened.file = identityOf(info)
		}
		o := Options{Address: l.Address(), GID: -1}
		slots = append(slots, &slot{options: o, sockets: []*Listener{l}, supervised: true})
	}
	s.adopted = true
	s.install(slots)
	return errors.Join(errs...)
}

// adoptSupervised makes a Listener of a supervisor's descriptor, and closes f.
func (s *Set) adoptSupervised(f *os.File) (*Listener, error) {
	if err := haveListen(int(f.Fd())); err != nil {
		f.Close()
		return nil, fmt.Errorf("adopting descriptor %s: %w", f.Name(), err)
	}
	return s.adopt(f, handedSocket{UID: -1, GID: -1, Foreign: true})
}

// adopt makes a Listener of an inherited descriptor, and closes f.
func (s *Set) adopt(f *os.File, h handedSocket) (*Listener, error) {
	l, err := adopt(f, h)
	if err == nil {
		l.lstat, l.unlink = s.sys.lstat, s.sys.remove
	}
	return l, err
}

// At divides the sockets of a supervisor into those at the path of a, and others.
func At(a egdproto.Address, files []*os.File) (at, others []*os.File) {
	sys := realSystem()
	key := endpoint{path: a.Path}.key(sys)
	for _, f := range files {
		bound, err := unix.Getsockname(int(f.Fd()))
		if u, ok := bound.(*unix.SockaddrUnix); err == nil && ok && (endpoint{path: u.Name}).key(sys) == key {
			at = append(at, f)
		} else {
			others = append(others, f)
		}
	}
	return at, others
}
