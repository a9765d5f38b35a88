package gatherers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// The layout of struct vmclock_abi, linux/vmclock-abi.h, version 1. All fields
// are little endian.
const (
	vmclockMagic      = 0x4b4c4356 // le32 at 0
	vmclockSize       = 4          // le32: bytes of the structure's region
	vmclockVersion    = 8          // le16: 1
	vmclockFlags      = 24         // le64
	vmclockGeneration = 104        // le64, if the flag below says so
	vmclockHasGen     = 1 << 8
	vmclockPage       = 4096 // the driver maps exactly this
)

func openGeneration() (func() (generationID, error), *os.File, error) {
	return openVMClock("/dev/vmclock0")
}

// openVMClock opens the device of the ptp_vmclock driver of Linux 6.13.
func openVMClock(name string) (func() (generationID, error), *os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("VM generation: %v: %w", err, errors.ErrUnsupported)
	}
	read, err := readGeneration(f)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return read, f, nil
}

// readGeneration maps a page that the hypervisor writes to. A hypervisor that has
// it changes the generation before it runs a restored guest, so there is no moment
// at which a clone reads the old one. The mapping lasts as long as the program.
func readGeneration(f *os.File) (func() (generationID, error), error) {
	name := f.Name()
	page, err := unix.Mmap(int(f.Fd()), 0, vmclockPage, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("VM generation: mapping %s: %v: %w", name, err, errors.ErrUnsupported)
	}
	le := binary.LittleEndian
	if le.Uint32(page) != vmclockMagic || le.Uint16(page[vmclockVersion:]) != 1 ||
		le.Uint32(page[vmclockSize:]) < vmclockGeneration+8 || le.Uint64(page[vmclockFlags:])&vmclockHasGen == 0 {
		_ = unix.Munmap(page)
		return nil, fmt.Errorf("VM generation: the hypervisor gives %s none: %w", name, errors.ErrUnsupported)
	}
	return func() (id generationID, err error) {
		// A value torn by an update at this moment differs from the old one
		// too, and the next look differs again: that is one reseed too many.
		copy(id[:8], page[vmclockGeneration:])
		return id, nil
	}, nil
}
