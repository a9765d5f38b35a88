//go:build !linux

package commands

// AdoptOrphans does nothing: elsewhere a program that leaves its process group is
// lost to us.
func AdoptOrphans() error { return nil }

// EndOrphans does nothing, see AdoptOrphans.
func EndOrphans() {}
