package process

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Descriptor returns what a program needs that takes this one's place and keeps
// the pid file: its path and its open file, which stays p's. A nil PIDFile has
// neither.
func (p *PIDFile) Descriptor() (path string, file *os.File) {
	if p == nil {
		return "", nil
	}
	return p.path, p.file
}

// AdoptPIDFile is the way back: file is an inherited descriptor, which the
// result owns.
func AdoptPIDFile(path string, file *os.File) (*PIDFile, error) {
	unix.CloseOnExec(int(file.Fd()))
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("taking over pid file %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("taking over pid file %s: the descriptor is a %s", path, kind(info.Mode()))
	}
	return &PIDFile{path: path, file: file}, nil
}
