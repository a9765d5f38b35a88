package egdproto_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"prngd/egdproto"
)

// conversation is a daemon that says what it says, whatever it is asked.
type conversation struct {
	io.Reader
	asked bytes.Buffer
}

func (c *conversation) Write(p []byte) (int, error) { return c.asked.Write(p) }

// FuzzClient: whatever a daemon replies, in whatever pieces, a client takes the
// bytes that are its reply and not one of the next; what it asked parses; and what
// it returns without an error is what the bytes say.
func FuzzClient(f *testing.F) {
	f.Add([]byte{0, 0, 32, 0}, uint16(0), uint8(0))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, uint16(0), uint8(0))
	f.Add(append([]byte{255}, make([]byte, 300)...), uint16(300), uint8(1))
	f.Add([]byte{3, 1, 2, 3, 4}, uint16(2), uint8(1)) // more than asked for
	f.Add(make([]byte, 511), uint16(510), uint8(2))
	f.Add([]byte("\x0c        4711x"), uint16(0), uint8(3))
	f.Add([]byte("\x02-1"), uint16(0), uint8(3))
	f.Add([]byte("\x044\x007\x00"), uint16(0), uint8(3))
	f.Fuzz(func(t *testing.T, said []byte, n uint16, kind uint8) {
		n %= 1024
		for _, pieces := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			rest := bytes.NewReader(said)
			talk := &conversation{Reader: pieces(rest)}
			want, complete := reply(said, int(n), kind%4)
			got, err := question(egdproto.NewClient(talk), int(n), kind%4)
			eaten := len(said) - rest.Len()
			switch {
			case err == nil && (!complete || want.strange || got != want.says || eaten != want.bytes):
				t.Errorf("%x, question %d, %d: %q of %d bytes, expected %+v, complete %v", said, kind%4, n, got, eaten, want, complete)
			case err != nil && complete && !want.strange:
				t.Errorf("%x, question %d, %d: %v, expected %+v", said, kind%4, n, err, want)
			case err != nil && errors.Is(err, io.EOF):
				t.Errorf("%x: the end of a reply that was owed is called %v", said, err)
			}
			for asked := talk.asked.Bytes(); len(asked) > 0; {
				_, length, err := egdproto.Parse(asked)
				if err != nil {
					t.Fatalf("it asks %x: %v", asked, err)
				}
				asked = asked[length:]
			}
		}
	})
}

// question puts one, and returns the answer as bytes.
func question(c *egdproto.Client, n int, kind uint8) (string, error) {
	p := make([]byte, n)
	switch kind {
	case 0:
		level, err := c.Level()
		return string([]byte{byte(level >> 24), byte(level >> 16), byte(level >> 8), byte(level)}), err
	case 1:
		got, err := c.ReadSome(p)
		return string(p[:got]), err
	case 2:
		_, err := c.Read(p)
		return string(p), err
	}
	return c.PID()
}

type expected struct {
	says    string
	bytes   int
	strange bool // it is whole, and no answer to the question
}

// reply reads what a daemon said, by the table of docs/protocol.md.
func reply(said []byte, n int, kind uint8) (want expected, complete bool) {
	switch kind {
	case 0:
		if len(said) < 4 {
			return want, false
		}
		return expected{string(said[:4]), 4, said[0] > 0x7f}, true
	case 1:
		return some(said, n)
	case 2:
		return expected{string(said[:min(n, len(said))]), n, false}, len(said) >= n
	}
	if len(said) < 1 || len(said) < 1+int(said[0]) {
		return want, false
	}
	text := string(said[1 : 1+int(said[0])])
	says := strings.Trim(text, " \x00")
	digits := strings.TrimPrefix(says, "-")
	return expected{says, 1 + len(text), digits == "" || strings.Trim(digits, "0123456789") != ""}, true
}

// some is the replies to command 1, until one is short.
func some(said []byte, n int) (want expected, complete bool) {
	for n > 0 {
		ask := min(n, 255)
		if len(said) == 0 {
			return want, false
		}
		got := int(said[0])
		if got > ask {
			want.strange = true
			return want, true
		}
		if len(said) < 1+got {
			return want, false
		}
		want.says += string(said[1 : 1+got])
		want.bytes += 1 + got
		said, n = said[1+got:], n-got
		if got < ask {
			return want, true
		}
	}
	return want, true
}
