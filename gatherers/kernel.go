package gatherers

import (
	"context"
	"errors"
)

// kernelBytes is the size of a sample: a whole gate, 512 bits, twice a reserve.
const kernelBytes = 64

// kernel gathers the bytes of the kernel's own generator.
//
// Unpredictable: all of it, 8 bits a byte, once the kernel says that it has
// been seeded: it sees interrupts and devices that no process does.
// Predictable: a kernel asked too early in its boot, or a file that somebody
// put in a chroot under the name of the device. Hence no credit unless the
// kernel is asked in a way that cannot be answered from an unseeded state, or
// is known never to serve one (the table in kernel_device.go).
func kernel() gather {
	buf := make([]byte, kernelBytes)
	return func(context.Context) ([]byte, error) {
		switch readKernel(buf) {
		case seeded:
			return buf, nil
		case unproven:
			return buf, Uncredited("the kernel does not say whether it is seeded")
		}
		return nil, errors.ErrUnsupported
	}
}

// KernelBytes fills b with bytes of the kernel's generator, for mixing, and
// tells whether there were any. It never blocks; with getrandom(2) it does not
// allocate either. On false the content of b is undefined.
func KernelBytes(b []byte) bool { return readKernel(b) != missing }

// proof is how much is known about a kernel's bytes.
type proof uint8

const (
	missing  proof = iota // there are none
	unproven              // good for mixing
	seeded                // 8 bits a byte
)
