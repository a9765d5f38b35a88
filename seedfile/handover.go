package seedfile

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Descriptors returns the file and its directory, for a program that takes this
// one's place by exec: it may no longer be permitted to open them. They stay
// ours. Nothing must be saved between this call and the exec, since a save may
// put another file under the name.
func (f *File) Descriptors() (file, dir *os.File) {
	f.io.Lock()
	defer f.io.Unlock()
	return f.file, f.dir
}

// Adopt is [Open] for descriptors that were inherited, which the result owns.
// The lock came with them. After an error they are closed.
func Adopt(o Options, file, dir *os.File) (*File, error) {
	unix.CloseOnExec(int(file.Fd()))
	unix.CloseOnExec(int(dir.Fd()))
	f := newFile(o, dir)
	if err := f.inspect(file, writable(file)); err != nil {
		file.Close()
		dir.Close()
		return nil, fmt.Errorf("taking over seed %s: %w", o.Path, err)
	}
	f.file = file
	return f, nil
}
