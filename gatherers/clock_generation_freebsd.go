package gatherers

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// openGeneration reads the ID that vmgenc(4) has from the hypervisor, since
// FreeBSD 13.
func openGeneration() (func() (generationID, error), error) {
	read := func() (id generationID, err error) {
		raw, err := unix.SysctlRaw("dev.vmgenc.0.guid")
		copy(id[:], raw)
		return id, err
	}
	if _, err := read(); err != nil {
		return nil, fmt.Errorf("reading dev.vmgenc.0.guid: %v: %w", err, errors.ErrUnsupported)
	}
	return read, nil
}
