package seedfile

import (
	"crypto/sha256"
	"encoding/binary"
)

// Successor derives the 64 bytes that [File.Replace] puts in the place of a
// seed that is about to be used:
//
//	SHA-256(label | i | SHA-256(old) | digest | now),  i = 0, 1
//
// old is the whole file as it was loaded, digest a one-way digest of all pools, now
// the wall clock in nanoseconds since 1970. A crash right after the start thus
// loses nothing of what the file was worth, nobody who finds the new file can
// go back to the old one, and two clones of one disk part as soon as their
// pools or clocks differ. The result is no generator output, hence its flag is
// off: mixed at the next start, not credited.
func Successor(old []byte, digest [32]byte, now int64) [64]byte {
	const label = "prngd seed successor"
	var buf [len(label) + 1 + 32 + 32 + 8]byte
	defer clear(buf[:])
	n := copy(buf[:], label)
	oldHash := sha256.Sum256(old)
	copy(buf[n+1:], oldHash[:])
	copy(buf[n+33:], digest[:])
	binary.BigEndian.PutUint64(buf[n+65:], uint64(now))

	var out [64]byte
	for i := range 2 {
		buf[n] = byte(i)
		half := sha256.Sum256(buf[:])
		copy(out[i*32:], half[:])
	}
	return out
}
