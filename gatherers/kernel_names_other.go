//go:build !linux

package gatherers

// isKernelDevice goes by the number of the device, which only Linux fixes.
func isKernelDevice(string) bool { return false }
