//go:build !linux

package process_test

// named is for Linux alone: elsewhere no program is executed by a descriptor.
func named() {}
