package seedfile

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Loaded is what was found in the seed file.
type Loaded struct {
	// Data is all that was read, at most 1 MiB, to be mixed whatever it is. The
	// caller clears it.
	Data []byte

	// Bits may be counted for Data, once, and only after [File.Replace] has
	// returned nil: 256 or 0. Never the whole gate, so that clones of one disk
	// still differ by as many live bits.
	Bits int

	// Foreign: no valid record of ours. Replace leaves such a file alone; the
	// first [File.Save] replaces it.
	Foreign bool

	// Reason says in a few words why Bits is 0.
	Reason string

	// Warning is a sentence for the log where a human should look, else empty.
	Warning string
}

const (
	// maxLoad bounds what a file put there by mistake can cost.
	maxLoad = 1 << 20

	// credit in bits: half of what opens the gate.
	credit = 256
)

// Load reads the file. After an error the Data that came with it is still to be
// mixed, but nothing of it is credited.
//
//	pread64(<seed>, ..., 512, 0) = 512
func (f *File) Load() (Loaded, error) {
	f.io.Lock()
	defer f.io.Unlock()
	data, err := f.scan()
	l := Loaded{Data: data, Foreign: f.foreign != nil}
	if err != nil {
		l.Reason = "unreadable"
		f.status.loaded(facts{}, l)
		return l, f.status.failed(fmt.Errorf("reading seed %s: %w", f.options.Path, err))
	}
	l.Reason = f.objection()
	if l.Reason == "" {
		l.Bits = credit
	}
	l.Warning = f.warning()
	f.pending = l.Bits
	f.status.loaded(f.slots.record, l)
	return l, nil
}

// scan reads the file and finds its records. A file that cannot be read is
// treated as foreign: the next save does without it.
func (f *File) scan() (data []byte, err error) {
	f.scanned = true
	if data, err = f.read(); err != nil {
		f.slots, f.foreign = slots{newest: -1}, err
		return data, err
	}
	f.slots, f.foreign = findSlots(data)
	return data, nil
}

// read returns what is in the file, as far as it can be read.
func (f *File) read() ([]byte, error) {
	info, err := f.file.Stat()
	if err != nil {
		return nil, err
	}
	f.size = info.Size()
	data := make([]byte, min(f.size, maxLoad))
	n, err := f.file.ReadAt(data, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return data[:n], err
}

// objection is the reason not to credit what was found, or "".
func (f *File) objection() string {
	r := f.slots.record
	switch {
	case f.size == 0:
		return "no seed yet"
	case len(f.uncredited) > 0:
		return strings.Join(f.uncredited, ", ")
	case f.foreign != nil:
		return f.foreign.Error()
	case !f.known:
		return "this machine has no machine-id"
	case r.Machine == [32]byte{}:
		return "was saved without a machine-id"
	case r.Machine != f.machine:
		return "comes from another machine"
	case !r.Creditable:
		return "was used before"
	case !f.options.Credit:
		return "seed-credit is off"
	case f.options.Again:
		return "may be this daemon's own output"
	}
	return ""
}

// warning tells of what is not as we would have left it. That there was no file,
// that a crash left a used seed, and what the configuration asks for are no news.
func (f *File) warning() string {
	var why string
	switch r := f.slots.record; {
	case len(f.uncredited) > 0:
		why = strings.Join(f.uncredited, ", ")
	case f.size == 0:
		return ""
	case errors.Is(f.foreign, ErrForeign):
		why = fmt.Sprintf("(%d bytes) was %v", f.size, ErrForeign)
	case f.foreign != nil:
		why = "is " + f.foreign.Error()
	case f.known && r.Machine != [32]byte{} && r.Machine != f.machine:
		why = "comes from another machine"
	default:
		return ""
	}
	return fmt.Sprintf("seed %s %s: mixed, not credited", f.options.Path, why)
}
