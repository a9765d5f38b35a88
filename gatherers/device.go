package gatherers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Device gathers from a character device, such as /dev/hwrng. What its driver holds
// when a sample begins is thrown away: it is older than the sample, and a twin of this
// machine may hold the same.
//
// The device is opened here by open, usually [OpenDevice], if it can be: later
// this process may no longer be root. One that is missing or has gone is looked
// for again with every sample.
//
// Unpredictable: what its maker says. Predictable: a device that is stuck, that
// counts, or whose bytes prevail: the health tests retire it.
func Device(path string, credit Credit, open func(path string) (*os.File, error)) Gatherer {
	d := &device{path: path, opener: open, holds: 64 << 10}
	return d.gatherer("dev:"+path, credit)
}

// gatherer returns the gatherer of a device.
func (d *device) gatherer(name string, credit Credit) Gatherer {
	d.open() // its error comes again with the first sample
	buf := make([]byte, rawBytes(credit))
	g := Gatherer{
		Name:      name,
		Every:     600 * time.Second,
		Credit:    credit,
		Untrusted: true,
		Gather: func(ctx context.Context) ([]byte, error) {
			if d.file == nil {
				if err := d.open(); err != nil {
					return nil, err
				}
			}
			d.drain()
			n, err := d.fill(ctx, buf)
			switch {
			case err != nil:
				d.open() // it may have been unplugged and come back
			case credit > 0:
				err = uncreditable(d.file, d.path, d.private)
			}
			return buf[:n], err
		},
	}
	return exclusive(g, func() { d.file.Close() }) // of nil: an error
}

// rawBytes is the size of a sample of raw bytes: one block of the estimate at
// least, and 512 bits at that credit, within bounds.
func rawBytes(credit Credit) int {
	if !(credit > 0) {
		return estimateBlock
	}
	return int(min(max(512/float64(credit), estimateBlock), 4*estimateBlock))
}

// device is a character device or a named pipe that is kept open.
type device struct {
	path    string
	opener  func(path string) (*os.File, error)
	file    *os.File    // nil: not yet opened
	waits   bool        // its end is no error: more may come
	private os.FileMode // rights that only its owner may have
	holds   int         // the most bytes that a pipe (pipe(7)) or a driver keeps for its reader
}

// OpenDevice opens a character device for reading.
func OpenDevice(path string) (*os.File, error) {
	return openKind(path, fs.ModeDevice|fs.ModeCharDevice, "character device")
}

// openKind opens a file of one type for reading, without waiting; what names the type.
func openKind(path string, kind fs.FileMode, what string) (*os.File, error) {
	// O_NONBLOCK: the open of a pipe or a serial line would wait for its peer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && st.Mode().Type() != kind {
		err = fmt.Errorf("%s: not a %s", path, what)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// open opens the device again. If that fails, what was open stays open.
func (d *device) open() error {
	f, err := d.opener(d.path)
	if err != nil {
		return err
	}
	if d.file != nil {
		d.file.Close()
	}
	d.file = f
	return nil
}

// fill reads until p is full or ctx ends, and returns how far it came.
func (d *device) fill(ctx context.Context, p []byte) (int, error) {
	file := d.file
	file.SetReadDeadline(time.Time{}) // in vain on devices that cannot be polled
	// A past deadline wakes the read when ctx ends.
	defer context.AfterFunc(ctx, func() { file.SetReadDeadline(time.Unix(1, 0)) })()
	done, pause := 0, 10*time.Millisecond
	for done < len(p) {
		n, err := file.Read(p[done:])
		done += n
		switch {
		case errors.Is(err, syscall.EAGAIN), err == io.EOF && d.waits:
			// Cannot be polled and has nothing now: hardware generators are slow.
			select {
			case <-ctx.Done():
				return done, ctx.Err()
			case <-time.After(pause):
				pause = min(2*pause, time.Second)
			}
		case err == io.EOF:
			return done, fmt.Errorf("%s: %w", d.path, io.ErrUnexpectedEOF)
		case err != nil:
			return done, err
		}
	}
	return done, nil
}

// unpolledHolds is what Linux and virtio keep for a reader of /dev/hwrng, and more.
// Such a device, which poll(2) cannot wait for, makes what is read beyond that, and a
// slow one would make it for nothing.
const unpolledHolds = 512

// drain reads what is there now, as much as may be older than this moment.
func (d *device) drain() {
	most := d.holds
	if d.file.SetReadDeadline(time.Time{}) != nil { // that of the sample before has passed
		most = unpolledHolds
	}
	raw, err := d.file.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, unpolledHolds)
	n := len(buf)
	for done := 0; done < most && n > 0; done += n {
		err := raw.Read(func(fd uintptr) bool {
			n, _ = unix.Read(int(fd), buf) // -1 when it is empty
			return true
		})
		if err != nil {
			return
		}
	}
}
