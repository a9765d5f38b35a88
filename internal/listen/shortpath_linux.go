package listen

import (
	"fmt"
	"path/filepath"
)

// shortPath returns a way to dir/name that fits into the address of a socket; call
// done after use.
func shortPath(sys *system, dir, name string) (path string, done func(), err error) {
	if path = filepath.Join(dir, name); len(path) <= maxPath() {
		return path, func() {}, nil
	}
	d, err := sys.openDir(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), name), func() { d.Close() }, nil
}
