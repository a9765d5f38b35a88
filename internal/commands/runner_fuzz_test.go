package commands

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
)

// FuzzRunner: the runner is somebody else, and may say anything. What we make of
// it is the result in the first pair of frames that bears our number, and else an
// error; a runner's own words are one only there.
func FuzzRunner(f *testing.F) {
	const id = 7
	ours, others := binary.BigEndian.AppendUint64(nil, id), binary.BigEndian.AppendUint64(nil, id+1)
	say := func(frames ...[]byte) []byte {
		var b bytes.Buffer
		for _, frame := range frames {
			writeFrame(&b, frame)
		}
		return b.Bytes()
	}
	f.Add(say(ours, []byte("result")))
	f.Add(say(others, []byte("of an earlier request"), ours, []byte("result")))
	f.Add(say(append(ours, "no such file"...), nil))
	f.Add(say([]byte("short"), []byte("result")))
	f.Add(say(ours, []byte("result"))[:14])
	f.Add([]byte{0, 16, 0, 1, 0})
	f.Fuzz(func(t *testing.T, said []byte) {
		line, runner := net.Pipe()
		go func() {
			readFrame(runner)
			runner.Write(said)
			runner.Close()
		}()
		got, err := converse(t.Context(), line, id, nil)
		line.Close()
		want, words, whole := answerTo(id, said)
		var theirs errRunner
		switch {
		case errors.As(err, &theirs):
			if !whole || words == "" || string(theirs) != words || !bytes.Equal(got, want) {
				t.Errorf("%x: it said %q, expected %q", said, theirs, words)
			}
		case err == nil:
			if !whole || words != "" || !bytes.Equal(got, want) {
				t.Errorf("%x: result %x, expected %x, whole %v, %q", said, got, want, whole, words)
			}
		case whole || errors.Is(err, errBetween):
			t.Errorf("%x: %v, expected %x, %q", said, err, want, words)
		}
	})
}

// answerTo looks for the answer by counting bytes.
func answerTo(id uint64, said []byte) (result []byte, words string, whole bool) {
	for {
		head, rest, ok := cutFrame(said)
		if !ok || len(head) < 8 {
			return nil, "", false
		}
		result, rest, ok := cutFrame(rest)
		if !ok {
			return nil, "", false
		}
		if binary.BigEndian.Uint64(head) == id {
			return result, string(head[8:]), true
		}
		said = rest
	}
}

func cutFrame(b []byte) (frame, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	if n > 1<<20 || n > len(b)-4 {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// What is written as a frame is read as the same, and what follows is left alone.
func TestFrames(t *testing.T) {
	for _, n := range []int{0, 1, maxFrame} {
		var b bytes.Buffer
		writeFrame(&b, bytes.Repeat([]byte{9}, n))
		b.WriteString("next")
		got, err := readFrame(&b)
		if rest, _ := io.ReadAll(&b); len(got) != n || err != nil || string(rest) != "next" {
			t.Errorf("%d bytes came as %d, %v, and then %q", n, len(got), err, rest)
		}
	}
	if _, err := readFrame(bytes.NewReader([]byte{0, 16, 0, 1})); err == nil {
		t.Error("a frame too long was accepted")
	}
}
