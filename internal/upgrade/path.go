package upgrade

import (
	"os"
	"path/filepath"
	"strings"

	"prngd/internal/process"
)

// ProgramPath returns the absolute path by which this program was started, for
// a later [Open]: that of argv0 if it leads to us, so that a symbolic link
// is followed anew each time, else what the system says.
func ProgramPath(argv0 string) (string, error) {
	path, err := process.Program()
	if !strings.Contains(argv0, "/") {
		return path, err
	}
	called, absErr := filepath.Abs(argv0)
	if absErr != nil {
		return path, err
	}
	there, statErr := os.Stat(called)
	ours, selfErr := os.Stat("/proc/self/exe")
	if selfErr != nil {
		ours, selfErr = os.Stat(path)
	}
	if statErr == nil && selfErr == nil && os.SameFile(there, ours) {
		return called, nil
	}
	return path, err
}
