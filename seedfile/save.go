package seedfile

import (
	"errors"
	"fmt"
)

// ErrNotReplaced is what [File.Replace] says of a file that holds no record of
// ours: there is nothing to be credited and so nothing to be used up, and what
// somebody else put there is not given up for less. [File.Save] will replace it.
var ErrNotReplaced = errors.New("not replaced before the first save")

// Replace puts a successor, see [Successor], in the place of the loaded record,
// flagged as not creditable. Once it returns nil, no crash of process or kernel
// brings the old record back, and what was loaded may be credited. Any error,
// [ErrNotReplaced] among them, means that it may not.
func (f *File) Replace(successor [64]byte) error {
	f.io.Lock()
	defer f.io.Unlock()
	bits := f.pending
	f.pending = 0
	f.prepare()
	if f.foreign != nil {
		return fmt.Errorf("seed %s: %w", f.options.Path, ErrNotReplaced)
	}
	var r Record
	defer clear(r.Seed[:])
	defer clear(successor[:])
	f.next(&r, &successor, false)
	form, err := f.write(&r, true)
	if err != nil {
		return f.status.failed(fmt.Errorf("replacing seed %s: %w", f.options.Path, err))
	}
	f.status.wrote(r.facts(), form, false)
	f.status.credited(bits)
	return nil
}

// Generator is what a seed is drawn from.
type Generator interface {
	// Draw fills b with output. sole says that no other machine can have drawn the
	// same, as the twin of a clone can that has no noise of its own yet.
	Draw(b []byte) (sole bool, err error)
}

// Save writes 64 bytes of g as a new seed. It may be credited at a next start if
// nobody else can have drawn them, and this machine has an id. If g gives an error
// nothing is written, so an unseeded pool never costs anybody the seed on the disk.
func (f *File) Save(g Generator) error {
	var seed [64]byte
	defer clear(seed[:])
	sole, err := g.Draw(seed[:])
	if err != nil {
		return f.status.failed(fmt.Errorf("drawing a new seed: %w", err))
	}
	f.io.Lock()
	defer f.io.Unlock()
	f.prepare()
	var rec Record
	defer clear(rec.Seed[:])
	f.next(&rec, &seed, sole && f.known)
	form, err := f.write(&rec, false)
	if err != nil {
		return f.status.failed(fmt.Errorf("saving seed %s: %w", f.options.Path, err))
	}
	f.status.wrote(rec.facts(), form, true)
	return nil
}

// prepare finds out what is in the file if nobody has asked yet.
func (f *File) prepare() {
	if !f.scanned {
		data, _ := f.scan() // an error is as good as a foreign file here
		clear(data)
	}
}

// next makes r the record that follows the one in the file.
func (f *File) next(r *Record, seed *[64]byte, creditable bool) {
	r.Generation, r.Creditable, r.Machine = f.slots.record.Generation+1, creditable, f.machine
	copy(r.Seed[:], seed[:])
}
