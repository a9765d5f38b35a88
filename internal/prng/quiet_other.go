//go:build !linux

package prng

// Quiet is a time in which no signal interrupts the calling thread. This system
// has none: what a signal saves stays until the next one.
type Quiet struct{}

// BeginQuiet does nothing.
func BeginQuiet() Quiet { return Quiet{} }

// End wipes the registers.
func (q *Quiet) End() { WipeRegisters() }
