//go:build unix && !linux && !freebsd

package gatherers

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// readKernel fills b from /dev/urandom: x/sys has no other way on these
// systems that needs no C library.
func readKernel(b []byte) proof {
	fd := openCharDevice("/dev/urandom")
	if fd < 0 {
		return missing
	}
	defer unix.Close(fd)
	if !filled(b, func(p []byte) (int, error) { return unix.Read(fd, p) }) {
		return missing
	}
	return deviceProof()
}

// deviceProof is the table of what /dev/urandom promises:
//
//	OpenBSD    random(4): seeded by the boot loader, before any process runs
//	Darwin     random(4): seeded by the boot loader; the same as /dev/random
//	NetBSD     rnd(4): may answer unseeded, but since 10.0 kern.entropy.needed
//	           says how many bits are missing
//	others     not known to refuse when unseeded: mixed, not credited
func deviceProof() proof {
	switch runtime.GOOS {
	case "openbsd", "darwin", "ios":
		return seeded
	case "netbsd":
		return netbsdProof()
	}
	return unproven
}
