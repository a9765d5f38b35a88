package prng

import "crypto/sha256"

// scratch is how much stack a call into this package may have dirtied. Measured
// with the memory test on amd64 and 386: 768 bytes are too few with SHA-NI, 1 KiB
// with the generic block function, and 1.5 KiB are enough for all. The rest is for
// other processors and the registers saved by an asynchronous preemption.
const scratch = 4096

// wipeStack clears the stack below its caller. Hashgen's running V and every
// digest stay there otherwise, and the last reply can be recomputed from V.
// The work to be forgotten must have been done in a noinline callee.
//
//go:noinline
func wipeStack() {
	var pad [scratch]byte
	touch(&pad)
}

// Cleanly calls f, which deals with secrets, in a quiet time, and clears the stack
// that it has used, up to 32 KiB of it.
func Cleanly(f func()) {
	quiet := BeginQuiet()
	defer quiet.End()
	growDeep(false)
	f()
	wipeDeep()
}

const deep = 32 << 10

//go:noinline
func wipeDeep() {
	var pad [deep]byte
	touchDeep(&pad)
}

//go:noinline
func growDeep(dirty bool) {
	if dirty { // never: only the size of the frame matters
		var pad [deep + 512]byte
		touchDeep((*[deep]byte)(pad[:]))
	}
}

//go:noinline
func touchDeep(*[deep]byte) {}

// reserveStack makes the stack grow now if wipeStack would: growing moves it,
// and the old one is freed with everything still on it.
//
//go:noinline
func reserveStack() { growStack(false) }

//go:noinline
func growStack(dirty bool) {
	if dirty { // never: only the size of the frame matters
		var pad [scratch + 512]byte
		touch((*[scratch]byte)(pad[:]))
	}
}

// touch keeps the compiler from dropping a store that nobody reads.
//
//go:noinline
func touch(*[scratch]byte) {}

// sum256 is the only door to the hash: over one contiguous buffer, which for
// secrets is in secret pages, so that no hash.Hash ever sits on the heap.
func sum256(b []byte) [32]byte { return sha256.Sum256(b) }
