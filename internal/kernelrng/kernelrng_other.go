//go:build !linux

package kernelrng

// Reseed returns [ErrNotPermitted]: no kernel but Linux has such a request.
func Reseed([]byte) error { return ErrNotPermitted }
