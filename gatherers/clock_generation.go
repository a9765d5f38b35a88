package gatherers

import "os"

// A Generation is a number that changes when this machine becomes another one:
// when it is restored from a snapshot or cloned. Where a system has one, and
// what it does not tell: docs/entropy.md, "Clones". One goroutine uses it at a
// time.
type Generation struct {
	read   func() (generationID, error)
	last   generationID
	device *os.File // that is read; nil where it is none
}

// A generationID holds the longest there is; shorter ones end in zeros.
type generationID [16]byte

// OpenGeneration returns the generation of this machine. It wraps
// errors.ErrUnsupported where there is none; on Linux the device is
// root's alone, so it is opened before privileges are dropped.
func OpenGeneration() (*Generation, error) {
	read, device, err := openGeneration()
	if err != nil {
		return nil, err
	}
	g := &Generation{read: read, device: device}
	g.last, err = read()
	return g, err
}

// AdoptGeneration is [OpenGeneration] for the device of another program in this
// process, which has last seen that value: a change in between is one for Changed.
// The result owns the device; after an error it is closed.
func AdoptGeneration(device *os.File, last [16]byte) (*Generation, error) {
	read, err := readGeneration(device)
	if err != nil {
		device.Close()
		return nil, err
	}
	return &Generation{read, last, device}, nil
}

// Device returns the open device, for AdoptGeneration of a program that follows in
// this process and may no longer open it, or nil where it is none.
func (g *Generation) Device() *os.File { return g.device }

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
