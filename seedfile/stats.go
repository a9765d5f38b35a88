package seedfile

import (
	"sync"
	"time"
)

// Form names how the last write was made.
type Form string

// The two forms of a write; see [File.Save].
const (
	Renamed Form = "rename"
	InPlace Form = "in place"
)

// Stats describe the seed file and its last writes.
type Stats struct {
	Path       string
	Form       Form      // "" before the first write
	Generation uint64    // of what is on disk, 0 if that is foreign
	Creditable bool      // what is on disk may be credited at a next start
	LoadedBits int       // made creditable by a durable replacement
	Reason     string    // why LoadedBits is 0
	Saves      uint64    // successful saves; replacements are not counted
	Failures   uint64    // failed loads, replacements and saves
	LastSave   time.Time // zero if there was none
	LastError  string    // "" if the last load, replacement or save went well
}

// status is guarded by a lock of its own, which is never held over I/O.
type status struct {
	mu  sync.Mutex
	now Stats
}

// Stats returns the present state without waiting for the disk.
func (f *File) Stats() Stats {
	f.status.mu.Lock()
	defer f.status.mu.Unlock()
	return f.status.now
}

func (s *status) loaded(r facts, l Loaded) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Generation, s.now.Creditable = r.Generation, r.Creditable
	s.now.LoadedBits, s.now.Reason = 0, l.Reason
	if l.Bits > 0 {
		s.now.Reason = "not replaced"
	}
	s.now.LastError = ""
}

func (s *status) wrote(r facts, form Form, save bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Form, s.now.Generation, s.now.Creditable = form, r.Generation, r.Creditable
	s.now.LastError = ""
	if save {
		s.now.Saves++
		s.now.LastSave = time.Now()
	}
}

// failed notes an error and hands it back.
func (s *status) failed(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Failures++
	s.now.LastError = err.Error()
	return err
}

// credited notes that the loaded seed has become worth bits.
func (s *status) credited(bits int) {
	if bits == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.LoadedBits, s.now.Reason = bits, ""
}
