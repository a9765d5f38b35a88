package gatherers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openGeneration reads the epoch of the kernel's entropy pool, which
// acpivmgenid(4) of NetBSD 11 advances for a clone. It advances as well whenever
// the pool is consolidated: a change may be a false alarm.
func openGeneration() (func() (generationID, error), *os.File, error) {
	read := func() (id generationID, err error) {
		epoch, err := unix.SysctlUint32("kern.entropy.epoch")
		binary.LittleEndian.PutUint32(id[:], epoch)
		return id, err
	}
	if _, err := read(); err != nil {
		return nil, nil, fmt.Errorf("reading kern.entropy.epoch: %v: %w", err, errors.ErrUnsupported)
	}
	return read, nil, nil
}
