package session

import (
	"bytes"
	"testing"

	"prngd/internal/prng"
)

// model is what docs/protocol.md says of a stream, read from its rows by hand:
// no queue, no steps, no parser of ours.
type model struct {
	out   []byte
	mixed []byte
	ended Ending
}

// predict answers a stream that is sent whole to a generator in this state, which is
// seeded then, before the peer shuts down its side.
func predict(stream []byte, state prng.State) (m model) {
	for m.ended == Alive {
		switch {
		case len(stream) == 0:
			m.ended = Finished
		case stream[0] > 4:
			m.ended = UnknownCommand
		case !complete(stream):
			m.ended = Truncated
		default:
			if asksForBytes(stream) {
				state = prng.Seeded // it has waited for that
			}
			stream = m.answer(stream, state)
		}
	}
	return m
}

// complete says whether stream begins with a whole request.
func complete(stream []byte) bool {
	switch stream[0] {
	case 1, 2:
		return len(stream) >= 2
	case 3:
		return len(stream) >= 4 && len(stream) >= 4+int(stream[3])
	}
	return true
}

func asksForBytes(stream []byte) bool { return (stream[0] == 1 || stream[0] == 2) && stream[1] > 0 }

// answer returns what follows the first request.
func (m *model) answer(stream []byte, state prng.State) []byte {
	switch stream[0] {
	case 0:
		level := []byte{0, 0, 0x20, 0}
		if state == prng.Unseeded {
			level = make([]byte, 4)
		}
		m.out = append(m.out, level...)
	case 1:
		m.out = append(m.out, stream[1])
		fallthrough
	case 2:
		m.out = append(m.out, bytes.Repeat([]byte{filler}, int(stream[1]))...)
		return stream[2:]
	case 3:
		end := 4 + int(stream[3])
		m.mixed = append(m.mixed, stream[4:end]...)
		return stream[end:]
	case 4:
		m.out = append(m.out, "\x044711"...)
	}
	return stream[1:]
}

func (m model) equals(w *world) bool {
	return bytes.Equal(m.out, w.out) && bytes.Equal(m.mixed, w.mixed) && m.ended == w.s.ended
}

// A model that agrees with everything would prove nothing.
func TestModelDisagrees(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.random = nil
	w.Send([]byte{1, 3, 0})
	w.ShutWrite()
	for _, stream := range [][]byte{{1, 3}, {1, 4, 0}, {2, 3, 0}, {0, 1, 3}, {1, 3, 0, 4}, {1, 3, 0, 1}, {3, 0, 0, 1, 9, 1, 3, 0}} {
		if predict(stream, prng.Seeded).equals(w) {
			t.Errorf("it takes %x for the answer to %x", w.out, stream)
		}
	}
	if !predict([]byte{1, 3, 0}, prng.Seeded).equals(w) {
		t.Errorf("it does not know %x", w.out)
	}
}
