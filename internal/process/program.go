package process

import (
	"os"
	"os/exec"
	"path/filepath"
)

// Program returns the path of our program file: as the system knows it, or,
// where /proc is not mounted, as we were called.
func Program() (string, error) {
	path, err := os.Executable()
	if err == nil {
		return path, nil
	}
	called, lerr := exec.LookPath(os.Args[0])
	if lerr != nil {
		return "", err
	}
	return filepath.Abs(called)
}
