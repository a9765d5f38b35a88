package gatherers

import (
	"bytes"
	"context"
	"errors"

	"golang.org/x/sys/unix"
)

// kernelBytes is the size of a sample: 512 bits, all of the first seed.
const kernelBytes = 64

// A KernelState is what is known about bytes of the kernel's generator.
type KernelState uint8

// What a read of the kernel's generator may give, the least first.
const (
	KernelMissing  KernelState = iota // no bytes
	KernelUnproven                    // bytes for mixing: the kernel does not say that it is seeded
	KernelSeeded                      // bytes worth 8 bits each
)

// ReadKernel fills b with bytes of the kernel's generator and returns what is
// known about them. It never blocks. With getrandom(2) it does not allocate, and
// makes a system call. After KernelMissing the content of b is undefined.
func ReadKernel(b []byte) KernelState { return readKernel(b, true) }

// KernelBytes fills b with bytes of the kernel's generator, for mixing, and
// reports whether there were any. It is like ReadKernel and faster, but since
// Linux 6.11 the bytes may come from the kernel's code in this process (vDSO): a
// copy of this process, or of its memory, has the next ones.
func KernelBytes(b []byte) bool { return readKernel(b, false) != KernelMissing }

// kernel returns the gatherer function of this machine's kernel.
func kernel() gather { return sampleKernel(ReadKernel) }

// sampleKernel returns the gatherer function of the kernel's own generator,
// which read asks.
//
// Unpredictable: all of it, 8 bits a byte, once the kernel says that it has
// been seeded: it sees interrupts and devices that no process does.
// Predictable: a kernel asked too early in its boot, or a file that somebody
// put in a chroot under the name of the device. Hence no credit unless the
// kernel is asked in a way that cannot be answered from an unseeded state, or
// is known never to serve one (the table in kernel_other.go).
//
// A sample is drawn twice. Two equal draws show a kernel that is stuck.
func sampleKernel(read func([]byte) KernelState) gather {
	m := newMonitor(&Gatherer{Credit: 8})
	buf, startup := make([]byte, 2*kernelBytes), make([]byte, estimateBlock)
	return func(context.Context) ([]byte, error) {
		sample, again := buf[:kernelBytes], buf[kernelBytes:]
		defer clear(again)
		if !m.proven {
			defer clear(startup)
			if read(startup) == KernelMissing {
				return nil, errors.ErrUnsupported
			}
			if _, err := m.examine(startup); err != nil {
				return nil, err
			}
		}
		state := min(read(sample), read(again))
		if state == KernelMissing {
			return nil, errors.ErrUnsupported
		}
		if bytes.Equal(sample, again) {
			return nil, &HealthError{Reason: "unhealthy: the kernel gave the same 64 bytes twice", Permanent: true}
		}
		if _, err := m.examine(sample); err != nil {
			return nil, err
		}
		if state != KernelSeeded {
			return sample, Uncredited("the kernel does not say whether it is seeded")
		}
		return sample, nil
	}
}

// filled fills b by as many reads as it takes; a signal may cut one short.
func filled(b []byte, read func([]byte) (int, error)) bool {
	for len(b) > 0 {
		n, err := read(b)
		switch {
		case err == unix.EINTR:
		case err != nil || n <= 0:
			return false
		default:
			b = b[n:]
		}
	}
	return true
}
