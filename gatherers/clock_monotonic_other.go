//go:build !linux

package gatherers

// monotonic is 0: no program takes over from another one in the same process here.
func monotonic() int64 { return 0 }
