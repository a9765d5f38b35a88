package upgrade

import (
	"io"
	"os"
)

// ReadMemory returns all that a file of [Memory] holds.
func ReadMemory(f *os.File) ([]byte, error) { return io.ReadAll(io.NewSectionReader(f, 0, 1<<62)) }
