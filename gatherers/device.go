package gatherers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"syscall"
	"time"
)

// Device gathers from a character device, such as /dev/hwrng. A sample is as
// long as it takes to be worth a whole gate (512 bits), 64 to 4096 bytes.
//
// The device is opened here by open, usually [OpenDevice], if it can be: later we
// may no longer be root. One that is missing or has gone is looked for again with
// every sample.
//
// Unpredictable: what its maker says. Predictable: a device that is stuck; a
// run of equal bytes longer than its credit explains (SP 800-90B 4.4.1, one
// false alarm in 2^30) makes a sample fail.
func Device(path string, credit Credit, open func(path string) (*os.File, error)) Gatherer {
	d := &device{path: path, opener: open, repetition: RepetitionCount{Cutoff: runCutoff(credit)}}
	d.open() // its error comes again with the first sample
	buf := make([]byte, deviceBytes(credit))
	return Gatherer{
		Name:    "dev:" + path,
		Every:   600 * time.Second,
		Credit:  credit,
		Foreign: true,
		Gather: func(ctx context.Context) ([]byte, error) {
			if d.file == nil {
				if err := d.open(); err != nil {
					return nil, err
				}
			}
			n, err := d.fill(ctx, buf)
			if err != nil {
				d.open() // it may have been unplugged and come back
				return buf[:n], err
			}
			return buf, d.healthy(buf)
		},
	}
}

// deviceBytes is 512 bits at that credit, within bounds.
func deviceBytes(credit Credit) int {
	if !(credit > 0) {
		return 64
	}
	return int(min(max(512/float64(credit), 64), 4096))
}

// runCutoff is 1 + ceil(30 / H); no run is too long for a source without credit.
func runCutoff(credit Credit) int {
	if !(credit > 0) {
		return math.MaxInt
	}
	return 1 + int(math.Ceil(30/float64(min(credit, 8))))
}

// device is a character device that is kept open.
type device struct {
	path       string
	opener     func(path string) (*os.File, error)
	file       *os.File // nil: not yet opened
	repetition RepetitionCount
}

// OpenDevice opens a character device for reading.
func OpenDevice(path string) (*os.File, error) {
	// O_NONBLOCK: the open of a pipe or a serial line would wait for its peer.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && st.Mode()&fs.ModeCharDevice == 0 {
		err = fmt.Errorf("%s: not a character device", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// open opens the device anew. If that fails, what was open stays open.
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
	if deadline, ok := ctx.Deadline(); ok {
		d.file.SetReadDeadline(deadline) // in vain on devices that cannot be polled
	}
	done, pause := 0, 10*time.Millisecond
	for done < len(p) {
		n, err := d.file.Read(p[done:])
		done += n
		switch {
		case errors.Is(err, syscall.EAGAIN):
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

// healthy runs the repetition count test over a sample.
func (d *device) healthy(sample []byte) error {
	bad := false
	for _, x := range sample {
		bad = !d.repetition.Pass(x) || bad
	}
	if bad {
		return fmt.Errorf("%s: unhealthy: the same byte %d times", d.path, d.repetition.Longest)
	}
	return nil
}
