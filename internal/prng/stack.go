package prng

import "crypto/sha256"

// scratch is how much stack a call into this package may have dirtied. Measured
// with the memory test on amd64 and 386: 768 bytes are too few with SHA-NI, 1 KiB
// with the generic block function, and 1.5 KiB are enough for all. The rest is for
// other processors and the registers saved by an asynchronous preemption.
const scratch = 4096

// wipeStack clears the stack below its caller. Hashgen's running V and every
// digest stay there otherwise, and the last reply can be recomputed from V.
//
//go:noinline
func wipeStack() {
	var pad [scratch]byte
	touch(&pad)
}

// cleanly calls f, which deals with secrets, and clears the stack that it has used,
// up to scratch.
func cleanly(f func()) { holdStack(f, false) }

// holdStack is cleanly. It calls f below so much unused stack that nothing moves it meanwhile. A
// stack that moves leaves its old memory as it was, with secrets in it, and two
// things move one. It grows where it is too small: so growStack makes it grow
// before. And the collector halves it where less than a quarter is in use, also in
// the middle of f, at any call of a function: so at least a quarter is in use. A
// stack that grew for this is less than twice the sum of what was in use, of
// held and of what f may use, and the first two are more than the third.
//
//go:noinline
func holdStack(f func(), dirty bool) {
	if dirty { // never: only the size of the frame matters
		var pad [held]byte
		touchHeld(&pad)
	}
	growStack(false)
	f()
	wipeStack()
}

// held is more than growStack's frame and the runtime's own reserve, which is at
// most 2 KiB.
const held = scratch + 512 + 2048

//go:noinline
func touchHeld(*[held]byte) {}

//go:noinline
func growStack(dirty bool) {
	if dirty { // never: only the size of the frame matters
		var pad [scratch + 512]byte
		touch((*[scratch]byte)(pad[:]))
	}
}

// Cleanly calls f, which deals with secrets, in a quiet time, and clears the stack
// that it has used, up to 32 KiB of it. The stack does not move meanwhile.
func Cleanly(f func()) {
	quiet := BeginQuiet()
	defer quiet.End()
	holdDeep(f, false)
}

const deep = 32 << 10

// holdDeep is holdStack for more.
//
//go:noinline
func holdDeep(f func(), dirty bool) {
	if dirty {
		var pad [deep + 512 + 2048]byte
		touchDeep((*[deep]byte)(pad[:]))
	}
	growDeep(false)
	f()
	wipeDeep()
}

//go:noinline
func wipeDeep() {
	var pad [deep]byte
	touchDeep(&pad)
}

//go:noinline
func growDeep(dirty bool) {
	if dirty {
		var pad [deep + 512]byte
		touchDeep((*[deep]byte)(pad[:]))
	}
}

//go:noinline
func touchDeep(*[deep]byte) {}

// touch keeps the compiler from dropping a store that nobody reads.
//
//go:noinline
func touch(*[scratch]byte) {}

// sum256 is the only way to the hash: over one contiguous buffer, which for
// secrets is in secret pages, so that no hash.Hash ever sits on the heap.
func sum256(b []byte) [32]byte { return sha256.Sum256(b) }
