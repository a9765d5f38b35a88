package gatherers

// A Generation is a number that changes when this machine becomes another one:
// when it is restored from a snapshot or cloned. Where a system has one, and
// what it does not tell: docs/entropy.md, "Clones". One goroutine uses it at a
// time.
type Generation struct {
	read func() (generationID, error)
	last generationID
}

// A generationID holds the longest there is; shorter ones end in zeros.
type generationID [16]byte

// OpenGeneration returns the generation of this machine. It wraps
// errors.ErrUnsupported where there is none; on Linux the device is
// root's alone, so it is opened before privileges are dropped.
func OpenGeneration() (*Generation, error) {
	read, err := openGeneration()
	if err != nil {
		return nil, err
	}
	g := &Generation{read: read}
	g.last, err = read()
	return g, err
}

// Changed tells whether the generation is another one than at the last call.
// On Linux it is a read of a mapped page and costs a few ns; elsewhere it is a
// system call. A failure to read counts as no change.
func (g *Generation) Changed() bool {
	now, err := g.read()
	if err != nil || now == g.last {
		return false
	}
	g.last = now
	return true
}

// Value returns the number as Changed last saw it. It is no secret, but two
// clones of one machine have different ones: worth mixing.
func (g *Generation) Value() [16]byte { return g.last }
