package gatherers

import (
	"context"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// FIFO gathers from a named pipe to which a program writes raw bytes without
// end. What the pipe holds when a sample begins is thrown away: it may be older
// than an event after which fresh bytes are wanted. A pipe without a writer is
// waited for.
//
// Unpredictable: what the program's author says. Predictable: everything, to
// each other user that can write to the pipe. So it counts only while its mode
// lets its owner alone write.
func FIFO(path string, credit Credit, open func(path string) (*os.File, error)) Gatherer {
	d := &device{path: path, opener: open, waits: true}
	return d.gatherer("fifo:"+path, credit, func(ctx context.Context, buf []byte) (int, error) {
		d.drain()
		n, err := d.fill(ctx, buf)
		if err == nil && othersMay(0o022, d.file) {
			err = Uncredited("others may write to " + path)
		}
		return n, err
	})
}

// OpenFIFO opens a named pipe for reading. It does not wait for a writer.
func OpenFIFO(path string) (*os.File, error) {
	return openKind(path, fs.ModeNamedPipe, "named pipe")
}

// drain reads what is there now, as far as a pipe can hold it (pipe(7)).
func (d *device) drain() {
	const capacity = 1 << 20
	d.file.SetReadDeadline(time.Time{}) // that of the sample before has passed
	raw, err := d.file.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, 4096)
	n := len(buf)
	for done := 0; done < capacity && n > 0; done += n {
		err := raw.Read(func(fd uintptr) bool {
			n, _ = unix.Read(int(fd), buf) // -1 when it is empty
			return true
		})
		if err != nil {
			return
		}
	}
}
