package seedfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Size is the length of an encoded [Record] in bytes: one disk sector, the
// smallest unit that disks write whole.
const Size = 512

// Record is one generation of the seed.
//
//	offset  length
//	     0      16  magic, "prngd seed file\n"
//	    16       4  version, 1, big endian as all numbers here
//	    20       4  flags: bit 0 = creditable, the rest zero
//	    24       8  generation
//	    32      32  hash of the machine id, zero where there is none
//	    64      64  seed
//	   128     352  zero
//	   480      32  SHA-256("prngd seed checksum" | bytes 0..479)
//
// There is no time in it: a clock set back changes nothing.
type Record struct {
	Generation uint64   // the newest of two valid slots has the higher one
	Creditable bool     // generator output of a seeded pool, not yet used
	Machine    [32]byte // of the machine that wrote it; see [Options].MachineID
	Seed       [64]byte
}

const (
	magic   = "prngd seed file\n"
	version = 1

	flagCreditable = 1
)

// Reasons for which bytes are no [Record].
var (
	// ErrForeign says that the bytes do not start as a record of ours does.
	ErrForeign = errors.New("not written by prngd")
	// ErrDamaged says that they do, but are cut short, altered, or of a version
	// this program does not know.
	ErrDamaged = errors.New("damaged")
)

// Encode returns the record's 512 bytes.
func Encode(r Record) (b [Size]byte) {
	r.encode(&b)
	return b
}

// encode is Encode in place: a seed is copied to no memory that is not cleared.
func (r *Record) encode(b *[Size]byte) {
	copy(b[0:], magic)
	binary.BigEndian.PutUint32(b[16:], version)
	if r.Creditable {
		binary.BigEndian.PutUint32(b[20:], flagCreditable)
	}
	binary.BigEndian.PutUint64(b[24:], r.Generation)
	copy(b[32:], r.Machine[:])
	copy(b[64:], r.Seed[:])
	sum := checksum(b[:480])
	copy(b[480:], sum[:])
}

// Decode reads one record. It is strict: what it accepts, [Encode] turns into
// the same bytes again. The error is [ErrForeign] or [ErrDamaged].
func Decode(b []byte) (r Record, err error) {
	err = r.decode(b)
	return r, err
}

// decode is Decode in place. After an error the record is empty.
func (r *Record) decode(b []byte) error {
	*r = Record{}
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return ErrForeign
	}
	if len(b) != Size {
		return ErrDamaged
	}
	r.Generation = binary.BigEndian.Uint64(b[24:])
	r.Creditable = b[23]&flagCreditable != 0
	copy(r.Machine[:], b[32:])
	copy(r.Seed[:], b[64:])
	var again [Size]byte
	defer clear(again[:])
	if r.encode(&again); !bytes.Equal(again[:], b) {
		*r = Record{}
		return ErrDamaged
	}
	return nil
}

// checksum is keyed by a label, so that a file of hashed data cannot pass for a
// record by accident. It is no authentication: every process that can write the
// file can compute it.
func checksum(b []byte) [32]byte {
	const label = "prngd seed checksum"
	var buf [len(label) + 480]byte
	copy(buf[copy(buf[:], label):], b)
	defer clear(buf[:])
	return sha256.Sum256(buf[:])
}

// slots are the two places of a file that hold a record: in the rename form
// only the first is there, in the in-place form they are written by turns.
type slots struct {
	newest int // index of the newest valid record, -1 if there is none
	record facts
}

// facts is what a record says beside its seed, which is kept nowhere.
type facts struct {
	Generation uint64
	Creditable bool
	Machine    [32]byte
}

func (r *Record) facts() facts { return facts{r.Generation, r.Creditable, r.Machine} }

// findSlots looks for records in the first 1024 bytes of a file. Whatever lies
// behind them does not matter: a crash may have come between the first in-place
// save over a long foreign file and its truncation.
func findSlots(data []byte) (slots, error) {
	found, why := slots{newest: -1}, ErrForeign
	var r Record
	defer clear(r.Seed[:])
	for i := range 2 {
		lo, hi := min(i*Size, len(data)), min((i+1)*Size, len(data))
		err := r.decode(data[lo:hi])
		switch {
		case errors.Is(err, ErrDamaged):
			why = err
		case err == nil && (found.newest < 0 || r.Generation > found.record.Generation):
			found = slots{i, r.facts()}
		}
	}
	if found.newest < 0 {
		return found, why
	}
	return found, nil
}
