//go:build !linux

package privileges

// setUndumpable has nothing to add to RLIMIT_CORE where a process cannot
// refuse its own user.
func setUndumpable() error { return nil }
