package egdproto_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"prngd/egdproto"
)

func TestRequests(t *testing.T) {
	for i, line := range strings.Split(read(t, "testdata/requests.txt"), "\n") {
		line, _, _ = strings.Cut(line, "#")
		in, want, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			continue
		}
		b := unhex(t, in)
		q, n, err := egdproto.Parse(b)
		if got, want := describe(q, err), strings.TrimSpace(want); got != want {
			t.Errorf("line %d: %s is %q, want %q", i+1, in, got, want)
		}
		if err != nil && n != 0 {
			t.Errorf("line %d: ate %d bytes of what it could not read", i+1, n)
		}
		if err == nil && !bytes.Equal(q.Append(nil), b[:n]) {
			t.Errorf("line %d: ate %x, encodes as %x", i+1, b[:n], q.Append(nil))
		}
	}
}

func describe(q egdproto.Request, err error) string {
	var unknown *egdproto.UnknownCommandError
	switch {
	case errors.Is(err, egdproto.ErrShort):
		return "short"
	case errors.As(err, &unknown):
		return fmt.Sprintf("unknown %02x", unknown.Byte)
	}
	switch q.Command {
	case egdproto.Count:
		return "count"
	case egdproto.ReadSome:
		return fmt.Sprint("readsome ", q.N)
	case egdproto.ReadAll:
		return fmt.Sprint("readall ", q.N)
	case egdproto.Write:
		return strings.TrimSpace(fmt.Sprintf("write %d %x", q.Bits, q.Data))
	default:
		return "pid"
	}
}

func TestUnknownCommandErrorNamesTheByte(t *testing.T) {
	if _, _, err := egdproto.Parse([]byte{0x93}); !strings.Contains(err.Error(), "0x93") {
		t.Errorf("error %q", err)
	}
}

func TestAppendRefusesLongWrite(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a write of 256 bytes was encoded")
		}
	}()
	egdproto.Request{Command: egdproto.Write, Data: make([]byte, 256)}.Append(nil)
}

// FuzzParse: what parses re-encodes to the bytes eaten, and a request is
// either whole, or short and becomes whole, or never one.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"00", "0110", "02ff", "03000802aabb", "0300", "04", "9312"} {
		b, _ := hex.DecodeString(seed)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, n, err := egdproto.Parse(b)
		switch {
		case err == nil:
			if again := q.Append(nil); !bytes.Equal(again, b[:n]) {
				t.Fatalf("ate %x, encodes as %x", b[:n], again)
			}
			for cut := range n {
				if _, _, err := egdproto.Parse(b[:cut]); !errors.Is(err, egdproto.ErrShort) {
					t.Fatalf("%x is %d bytes long, but %x is %v", b[:n], n, b[:cut], err)
				}
			}
		case errors.Is(err, egdproto.ErrShort):
			if len(b) >= egdproto.MaxRequest {
				t.Fatalf("%d bytes are called short", len(b))
			}
		default:
			if b[0] <= byte(egdproto.PID) {
				t.Fatalf("command %#x: %v", b[0], err)
			}
		}
	})
}

func TestReplies(t *testing.T) {
	for want, got := range map[string][]byte{
		"ff00002000":                    egdproto.AppendLevel([]byte{0xff}, egdproto.Level),
		"ff00000000":                    egdproto.AppendLevel([]byte{0xff}, 0),
		"ff0434373131":                  egdproto.AppendPID([]byte{0xff}, 4711),
		"ff0132":                        egdproto.AppendPID([]byte{0xff}, 2),
		"ff0a" + "32313437343833363437": egdproto.AppendPID([]byte{0xff}, 1),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("got %x, want %s", got, want)
		}
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
