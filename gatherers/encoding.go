package gatherers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
)

// errAbsent says that the library gave no error and no numbers either, as some
// of gopsutil's readers do where a file is missing or empty.
var errAbsent = fmt.Errorf("%w: no numbers", errors.ErrUnsupported)

// absence turns the errors by which gopsutil says that this system (or this
// jail, this chroot without /proc) has no such numbers into
// errors.ErrUnsupported. gopsutil keeps its own sentinel in an internal
// package: its text is all there is to compare with.
func absence(err error) error {
	switch {
	case err == nil:
		return nil
	case err.Error() == "not implemented yet",
		errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	return err
}

// appendCounts appends each count as eight bytes. The encoding only has to
// keep different samples different; it is cheaper than text.
func appendCounts(dst []byte, counts ...uint64) []byte {
	for _, n := range counts {
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	return dst
}

// appendFloats appends each number as the eight bytes of its bit pattern.
func appendFloats(dst []byte, numbers ...float64) []byte {
	for _, x := range numbers {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	return dst
}
