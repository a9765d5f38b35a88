package sources

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"prngd/gatherers"
)

// messages is the kernel's log, /dev/kmsg: Linux with a VM generation device says
// there that the machine was cloned, also where it sends no uevent. Only root may
// open it on most systems, so it stays open over an upgrade.
type messages struct {
	file *os.File // nil: it could not be opened
}

// openMessages adopts the log that was handed over, or opens it at its end.
func openMessages(before *State) *messages {
	if before != nil && before.Messages > 0 {
		unix.CloseOnExec(before.Messages)
		return &messages{os.NewFile(uintptr(before.Messages), "/dev/kmsg")}
	}
	f, err := gatherers.OpenDevice("/dev/kmsg")
	if err != nil {
		return &messages{}
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		f.Close()
		return &messages{}
	}
	return &messages{f}
}

// watch calls cloned when the kernel logs that this machine is a clone, until ctx
// ends, or the log cannot be read any more.
func (m *messages) watch(ctx context.Context, cloned func()) error {
	if m.file == nil {
		return nil
	}
	m.file.SetReadDeadline(time.Time{})
	defer context.AfterFunc(ctx, func() { m.file.SetReadDeadline(time.Unix(1, 0)) })()
	record := make([]byte, 8192) // the kernel's own limit
	for ctx.Err() == nil {
		n, err := m.file.Read(record)
		switch {
		case errors.Is(err, unix.EPIPE): // overtaken by the log; the next record is there
		case errors.Is(err, os.ErrDeadlineExceeded): // set at the end of ctx, or late, at that of the watch before
			m.file.SetReadDeadline(time.Time{})
		case err != nil:
			return err
		case tellsOfClone(record[:n]):
			cloned()
		}
	}
	return nil
}

// tellsOfClone reads a record, "PRIORITY,SEQUENCE,TIME,FLAGS;MESSAGE" (Linux,
// Documentation/ABI/testing/dev-kmsg). Processes may write to the log, too, but
// not as facility 0.
func tellsOfClone(record []byte) bool {
	prefix, message, _ := bytes.Cut(record, []byte{';'})
	number, _, _ := bytes.Cut(prefix, []byte{','})
	priority, err := strconv.Atoi(string(number))
	return err == nil && priority>>3 == 0 &&
		bytes.Contains(message, []byte("crng reseeded due to virtual machine fork"))
}
