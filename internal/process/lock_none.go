//go:build aix || solaris

package process

// lock does nothing: these systems have no lock of an open file that outlives an
// exec.
func lock(int) {}

// isLocked does not know of any lock.
func isLocked(int) bool { return false }
