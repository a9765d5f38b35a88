package prng

import "time"

// kernelBytes of the kernel's generator go into every Generate and reseed, as
// additional input.
const kernelBytes = 32

// kernelEvery is the time between two questions to a kernel that has no bytes.
const kernelEvery = int64(time.Minute)

// appendKernel appends kernel bytes to in, which must have room, if there are any:
// by a system call if call is set or the last one was 100 ms ago.
//
// The system call is what makes a stolen state worthless: getrandom in the vDSO
// (Linux 6.11) answers from a state in our own memory, which is stolen as well.
func (g *Generator) appendKernel(in []byte, mono int64, call bool) []byte {
	k := &g.kernel
	if g.env.Kernel == nil || !k.ok && mono < k.next {
		return in
	}
	ask := g.env.Kernel
	if call = call || mono-k.lastCall >= stirEvery; call {
		ask = g.env.KernelCall
	}
	b := in[len(in) : len(in)+kernelBytes]
	if k.ok = ask(b); !k.ok {
		clear(b)
		k.next = mono + kernelEvery
		return in
	}
	if call {
		k.lastCall = mono
	}
	return in[:len(in)+kernelBytes]
}
