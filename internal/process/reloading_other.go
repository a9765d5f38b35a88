//go:build !linux

package process

// Reloading tells the supervisor that a reload has begun. READY=1 ends it.
func Reloading() error { return Notify("RELOADING=1") }
