package gatherers

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// otherUsers returns why what lies at path may be the work of a user that the admin did
// not mean, or nil. It is owner's; -1 is an owner that the system does not name. That of
// root and of the daemon's own user counts wherever it lies. That of another user
// counts where nobody else could have put it: all directories on the way belong to
// these three, and no other user may write to them.
func otherUsers(path string, owner int) error {
	if owner == 0 || owner == os.Geteuid() {
		return nil
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Uncredited(fmt.Sprintf("of uid %d, %v", owner, err))
	}
	for _, dir := range []string{filepath.Clean(path), resolved} {
		for dir != filepath.Dir(dir) {
			dir = filepath.Dir(dir)
			if st, err := os.Stat(dir); err != nil || st.Mode().Perm()&0o022 != 0 || !slices.Contains([]int{0, os.Geteuid(), owner}, uidOf(st)) {
				return Uncredited(fmt.Sprintf("of uid %d, and others may write to %s", owner, dir))
			}
		}
	}
	return nil
}

// uidOf returns the owner of a file, -1 if the system does not say.
func uidOf(st os.FileInfo) int {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

// uncreditable returns why what f gives, opened at path, must not count: its mode gives its
// group or others one of the rights, or it may be another user's.
func uncreditable(f *os.File, path string, rights os.FileMode) error {
	st, err := f.Stat()
	switch {
	case err != nil:
		return Uncredited(err.Error())
	case st.Mode().Perm()&rights != 0:
		return Uncredited(fmt.Sprintf("mode %04o: others may use %s", st.Mode().Perm(), path))
	}
	return otherUsers(path, uidOf(st))
}
