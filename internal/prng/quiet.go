package prng

// WipeRegisters moves 256 zeros, which leaves none of the vector registers with
// which the runtime moves and hashes bytes as it was. A thread calls it when it
// has dealt with secrets: the next signal saves its registers in memory.
func WipeRegisters() {
	var from, to [256]byte
	move(&to, &from, len(from))
}

// move copies n bytes. The compiler must not know n: it would use one register.
//
//go:noinline
func move(to, from *[256]byte, n int) { copy(to[:n], from[:n]) }
