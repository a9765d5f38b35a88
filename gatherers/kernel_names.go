package gatherers

import "path/filepath"

// KernelDevice reports whether path leads to the kernel's own generator, under
// whatever name: what comes from there is the kernel's, and no other noise.
func KernelDevice(path string) bool {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	switch filepath.Base(path) {
	case "random", "urandom", "arandom", "srandom", "prandom":
		return true
	}
	return isKernelDevice(path)
}
