//go:build !linux

package listen

import (
	"fmt"
	"path/filepath"
)

// shortPath returns dir/name, which must fit into the address of a socket.
func shortPath(_ *system, dir, name string) (path string, done func(), err error) {
	if path = filepath.Join(dir, name); len(path) > maxPath() {
		return "", nil, fmt.Errorf("path of %d bytes with its temporary name, expected at most %d", len(path), maxPath())
	}
	return path, func() {}, nil
}
