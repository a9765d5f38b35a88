package egdproto

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Command is the first byte of a request.
type Command byte

// The commands. To the right: what follows the command byte -> the reply.
const (
	Count    Command = 0x00 //                      -> bits[4]
	ReadSome Command = 0x01 // n[1]                 -> m[1] data[m], m <= n
	ReadAll  Command = 0x02 // n[1]                 -> data[n], once seeded
	Write    Command = 0x03 // bits[2] n[1] data[n] -> nothing
	PID      Command = 0x04 //                      -> m[1] decimal[m]
)

// String returns the name that status and metrics use.
func (c Command) String() string {
	if int(c) < len(commandNames) {
		return commandNames[c]
	}
	return fmt.Sprintf("%#02x", byte(c))
}

var commandNames = [...]string{"level", "read", "read_blocking", "write", "pid"}

const (
	// MaxRead is the most bytes one read can ask for: counts are single bytes.
	MaxRead = 255
	// MaxRequest is the length of the longest request, a Write of 255 bytes.
	MaxRequest = 1 + 2 + 1 + 255
)

// Request is one decoded request. N is the count of ReadSome and ReadAll, in
// bytes; Bits and Data belong to Write, whose count is len(Data).
type Request struct {
	Command Command
	N       byte
	Bits    uint16 // entropy claimed for Data
	Data    []byte // aliases the input of Parse; at most 255 bytes
}

// ErrShort says that the input ends before the request does.
var ErrShort = errors.New("request is not complete")

// UnknownCommandError is a request that begins with no command of the
// protocol. Its length is unknown, so the stream cannot be followed further.
type UnknownCommandError struct{ Byte byte }

// Error names the byte.
func (e *UnknownCommandError) Error() string {
	return fmt.Sprintf("unknown command %#02x, expected 0x00 to 0x04", e.Byte)
}

// Parse decodes the request at the front of b and returns how many bytes it
// took. It returns ErrShort when b holds only the beginning of a request, and
// an *UnknownCommandError when it holds none; both take 0 bytes.
func Parse(b []byte) (Request, int, error) {
	if len(b) == 0 {
		return Request{}, 0, ErrShort
	}
	q := Request{Command: Command(b[0])}
	switch q.Command {
	case Count, PID:
		return q, 1, nil
	case ReadSome, ReadAll:
		if len(b) < 2 {
			return Request{}, 0, ErrShort
		}
		q.N = b[1]
		return q, 2, nil
	case Write:
		if len(b) < 4 || len(b) < 4+int(b[3]) {
			return Request{}, 0, ErrShort
		}
		end := 4 + int(b[3])
		q.Bits = binary.BigEndian.Uint16(b[1:])
		q.Data = b[4:end:end]
		return q, end, nil
	}
	return Request{}, 0, &UnknownCommandError{b[0]}
}

// Append appends the encoding of q to dst: exactly the bytes Parse takes.
func (q Request) Append(dst []byte) []byte {
	switch q.Command {
	case ReadSome, ReadAll:
		return append(dst, byte(q.Command), q.N)
	case Write:
		if len(q.Data) > MaxRead {
			panic("internal error: a write of more than 255 bytes")
		}
		dst = append(dst, byte(Write), byte(q.Bits>>8), byte(q.Bits), byte(len(q.Data)))
		return append(dst, q.Data...)
	}
	return append(dst, byte(q.Command))
}
