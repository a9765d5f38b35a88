package prng

// Event is a sign that another machine may have the same state.
type Event uint8

// The events, by severity.
const (
	// NoEvent: nothing happened.
	NoEvent Event = iota
	// Requested: somebody who may do so asked for a reseed.
	Requested
	// Jumped: the clocks moved as they do when a machine is resumed from a
	// snapshot; it may have been something else.
	Jumped
	// Exhausted: as many requests were answered since the last reseed as SP
	// 800-90A allows (table 2).
	Exhausted
	// Cloned: this machine is another one now.
	Cloned
)
