//go:build !linux && !freebsd

package seedfile

// MachineID identifies this installation, or is nil where nothing does: here
// no identity is known that an image would not carry along, so no seed is ever
// credited.
func MachineID() []byte { return nil }
