package upgrade

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// bundle is a Payload on its way. The documents are not in the pipe: a pipe holds
// 64 KiB, and its reader comes only when the writer is gone.
type bundle struct{ documents, secret *os.File }

// pack puts the payload into descriptors.
func pack(l Payload) (bundle, error) {
	documents, err := Memory(frame(l.State, l.Resolved))
	if err != nil {
		return bundle{}, err
	}
	secret, err := pipeOf(l.Secret)
	if err != nil {
		documents.Close()
		return bundle{}, err
	}
	return bundle{documents, secret}, nil
}

// frame is each part behind its length, of eight bytes.
func frame(parts ...[]byte) (b []byte) {
	for _, part := range parts {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(part))), part...)
	}
	return b
}

// unframe takes as many parts off b as are asked for.
func unframe(b []byte, count int) (parts [][]byte, err error) {
	for range count {
		if len(b) < 8 {
			return nil, io.ErrUnexpectedEOF
		}
		n := binary.BigEndian.Uint64(b)
		if n > uint64(len(b)-8) {
			return nil, io.ErrUnexpectedEOF
		}
		parts = append(parts, b[8:8+n])
		b = b[8+n:]
	}
	return parts, nil
}

// Memory returns a file that has data in it and no name: for what a state document
// would take too long to hold.
func Memory(data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("prngd upgrade", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making the state document: %w", laterIfTemporary(err))
	}
	f := os.NewFile(uintptr(fd), "state document")
	if _, err := f.WriteAt(data, 0); err != nil {
		f.Close()
		return nil, fmt.Errorf("making the state document: %w", laterIfTemporary(err))
	}
	return f, nil
}

// pipeOf returns the reading end of a pipe that holds secret, and then ends.
func pipeOf(secret []byte) (*os.File, error) {
	if len(secret) > 4096 { // a page: what every pipe takes at once
		panic("internal error: a secret for a pipe of at most 4096 bytes")
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("making the pipe for the secret: %w", laterIfTemporary(err))
	}
	defer unix.Close(ends[1])
	if _, err := unix.Write(ends[1], secret); err != nil {
		unix.Close(ends[0])
		return nil, fmt.Errorf("filling the pipe for the secret: %w", err)
	}
	return os.NewFile(uintptr(ends[0]), "secret"), nil
}

func (b bundle) descriptors() []int { return []int{int(b.documents.Fd()), int(b.secret.Fd())} }

// discard empties what no program came for.
func (b bundle) discard() {
	b.documents.Close()
	if left, err := io.ReadAll(b.secret); err == nil {
		clear(left)
	}
	b.secret.Close()
}
