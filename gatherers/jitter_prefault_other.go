//go:build !linux

package gatherers

import "os"

// prefault makes every page of m present.
func prefault(m []byte) {
	for i := 0; i < len(m); i += os.Getpagesize() {
		m[i] = 1
	}
}
