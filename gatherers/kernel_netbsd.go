package gatherers

import "golang.org/x/sys/unix"

// readKernel fills b from /dev/urandom: rnd(4). It may answer unseeded, but
// since NetBSD 10.0 kern.entropy.needed says how many bits are missing; NetBSD 9
// has no such variable.
func readKernel(b []byte, _ bool) KernelState {
	needed, err := unix.SysctlUint32("kern.entropy.needed") // asked first: later it may be seeded
	switch {
	case !readDevice(b, openCharDevice("/dev/urandom")):
		return KernelMissing
	case err != nil || needed != 0:
		return KernelUnproven
	}
	return KernelSeeded
}
