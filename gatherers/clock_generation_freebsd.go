package gatherers

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openGeneration reads the ID that vmgenc(4) has from the hypervisor, since
// FreeBSD 13.
func openGeneration() (func() (generationID, error), *os.File, error) {
	read := func() (id generationID, err error) {
		raw, err := unix.SysctlRaw("dev.vmgenc.0.guid")
		copy(id[:], raw)
		return id, err
	}
	if _, err := read(); err != nil {
		return nil, nil, fmt.Errorf("reading dev.vmgenc.0.guid: %v: %w", err, errors.ErrUnsupported)
	}
	return read, nil, nil
}
