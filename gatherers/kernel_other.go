//go:build unix && !linux && !freebsd && !netbsd

package gatherers

import "runtime"

// readKernel fills b from /dev/urandom: x/sys has no other way on these
// systems that needs no C library.
func readKernel(b []byte, _ bool) KernelState {
	if !readDevice(b, openCharDevice("/dev/urandom")) {
		return KernelMissing
	}
	return deviceState()
}

// deviceState is the table of what /dev/urandom promises:
//
//	OpenBSD    random(4): seeded by the boot loader, before any process runs
//	Darwin     random(4): seeded by the boot loader; the same as /dev/random
//	others     not known to refuse when unseeded: mixed, not credited
func deviceState() KernelState {
	switch runtime.GOOS {
	case "openbsd", "darwin", "ios":
		return KernelSeeded
	}
	return KernelUnproven
}
