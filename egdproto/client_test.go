package egdproto_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"prngd/egdproto"
)

// TestClient plays testdata/client.txt.
func TestClient(t *testing.T) {
	for _, block := range strings.Split(read(t, "testdata/client.txt"), "\n\n") {
		var call, want string
		var steps []string
		for _, line := range strings.Split(block, "\n") {
			line, _, _ = strings.Cut(line, "#")
			switch line = strings.TrimSpace(line); {
			case line == "":
			case line[0] == '>' || line[0] == '<':
				steps = append(steps, line)
			case line[0] == '=':
				want = strings.TrimSpace(line[1:])
			default:
				call = line
			}
		}
		if call == "" {
			continue
		}
		t.Run(call+" = "+want, func(t *testing.T) {
			ours, theirs := net.Pipe()
			done := make(chan string, 1)
			go func() { done <- play(theirs, steps) }()
			if got := do(t, egdproto.NewClient(ours), strings.Fields(call)); got != want {
				t.Errorf("got %q", got)
			}
			ours.Close()
			if complaint := <-done; complaint != "" {
				t.Error(complaint)
			}
		})
	}
}

// play is a daemon that follows a script, and says what was not in it.
func play(c net.Conn, steps []string) string {
	defer c.Close()
	for _, step := range steps {
		text, eof := strings.CutSuffix(step[1:], "EOF")
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			return err.Error()
		}
		if step[0] == '<' {
			c.Write(b)
			if eof {
				return ""
			}
			continue
		}
		got := make([]byte, len(b))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, b) {
			return fmt.Sprintf("client said %x, %v, want %x", got, err, b)
		}
	}
	if rest, _ := io.ReadAll(c); len(rest) > 0 {
		return fmt.Sprintf("client also said %x", rest)
	}
	return ""
}

// do makes one call and describes its outcome.
func do(t *testing.T, c *egdproto.Client, call []string) string {
	number := func() int {
		n, err := strconv.Atoi(call[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	switch call[0] {
	case "level":
		n, err := c.Level()
		return outcome(strconv.Itoa(n), err)
	case "readsome":
		p := make([]byte, number())
		n, err := c.ReadSome(p)
		return outcome(hex.EncodeToString(p[:n]), err)
	case "readall":
		p := make([]byte, number())
		_, err := c.Read(p)
		return outcome(hex.EncodeToString(p), err)
	case "write":
		err := c.Write(number(), unhex(t, strings.Join(call[2:], "")))
		return outcome("done", err)
	default:
		return outcome(c.PID())
	}
}

func outcome(result string, err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "cut short"
	case err != nil:
		return "error"
	case result == "":
		return "nothing"
	}
	return result
}

// A long read is split into requests of 255, in order.
func TestLongReads(t *testing.T) {
	for _, command := range []byte{1, 2} {
		ours, theirs := net.Pipe()
		go serveCounting(theirs)
		p := make([]byte, 1000)
		c := egdproto.NewClient(ours)
		if command == 1 {
			if n, err := c.ReadSome(p); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
		} else if n, err := io.ReadFull(c, p); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
		for i, b := range p {
			if b != byte(i) {
				t.Fatalf("command %d: byte %d is %d", command, i, b)
			}
		}
		ours.Close()
	}
}

// serveCounting answers reads with the bytes 0, 1, 2, ...
func serveCounting(c net.Conn) {
	defer c.Close()
	next := byte(0)
	q := make([]byte, 2)
	for {
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		var reply []byte
		if q[0] == 1 {
			reply = append(reply, q[1])
		}
		for range q[1] {
			reply = append(reply, next)
			next++
		}
		c.Write(reply)
	}
}

// A long write is split, and its claim with it: nothing is claimed twice.
func TestLongWriteSharesItsClaim(t *testing.T) {
	for _, bits := range []int{0, 1, 1000, 8000} {
		var sent bytes.Buffer
		data := bytes.Repeat([]byte{0xaa}, 1000)
		if err := egdproto.NewClient(&sent).Write(bits, data); err != nil {
			t.Fatal(err)
		}
		claimed, length := 0, 0
		for b := sent.Bytes(); len(b) > 0; {
			q, n, err := egdproto.Parse(b)
			if err != nil || int(q.Bits) > 8*len(q.Data) {
				t.Fatalf("%x: %v", b, err)
			}
			claimed += int(q.Bits)
			length += len(q.Data)
			b = b[n:]
		}
		if claimed != bits || length != len(data) {
			t.Errorf("claimed %d bits for %d bytes, want %d for %d", claimed, length, bits, len(data))
		}
	}
}

func TestNegativeClaim(t *testing.T) {
	var sent bytes.Buffer
	if err := egdproto.NewClient(&sent).Write(-1, []byte{1}); err == nil || sent.Len() > 0 {
		t.Errorf("sent %x, %v", sent.Bytes(), err)
	}
}

// C3: what came before an error is returned with it, and nothing else.
func TestPartialReplies(t *testing.T) {
	for _, c := range []struct {
		name string
		read func(*egdproto.Client, []byte) (int, error)
		want int
	}{
		{"10 010203", (*egdproto.Client).ReadSome, 3}, // 16 announced
		{"ff " + strings.Repeat("07", 255) + "2d 0102", (*egdproto.Client).ReadSome, 257},
		{"010203", (*egdproto.Client).Read, 3},
		{strings.Repeat("07", 257), (*egdproto.Client).Read, 257},
	} {
		reply := bytes.NewReader(unhex(t, strings.ReplaceAll(c.name, " ", "")))
		p := bytes.Repeat([]byte{0xaa}, 300)
		n, err := c.read(egdproto.NewClient(struct {
			io.Reader
			io.Writer
		}{reply, io.Discard}), p)
		if n != c.want || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%.20s: %d bytes, %v, expected %d and an unexpected end", c.name, n, err, c.want)
		}
		if !bytes.Equal(p[n:], bytes.Repeat([]byte{0xaa}, 300-n)) {
			t.Errorf("%.20s: bytes that did not come", c.name)
		}
	}
}
