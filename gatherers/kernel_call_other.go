//go:build unix && !linux

package gatherers

// KernelCall is [KernelBytes], which is always a system call on this system.
func KernelCall(b []byte) bool { return KernelBytes(b) }
