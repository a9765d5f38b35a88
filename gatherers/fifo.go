package gatherers

import (
	"io/fs"
	"os"
)

// FIFO gathers from a named pipe to which a program writes raw bytes without
// end. What the pipe holds when a sample begins is thrown away, as that of a
// [Device]. A pipe without a writer is waited for.
//
// Unpredictable: what the program's author says. Predictable: everything, to
// each other user that can write to the pipe, or has made it. So it counts only
// while its mode lets its owner alone write.
func FIFO(path string, credit Credit, open func(path string) (*os.File, error)) Gatherer {
	d := &device{path: path, opener: open, waits: true, private: 0o022, holds: 1 << 20}
	return d.gatherer("fifo:"+path, credit)
}

// OpenFIFO opens a named pipe for reading. It does not wait for a writer.
func OpenFIFO(path string) (*os.File, error) {
	return openKind(path, fs.ModeNamedPipe, "named pipe")
}
