package session

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"prngd/internal/prng"
)

// FuzzSplit: however a stream is cut into pieces on its way in, and however
// little a peer takes at a time on its way out, it gets the bytes that the model
// says, the same bytes are mixed, and it ends the same way.
func FuzzSplit(f *testing.F) {
	f.Add([]byte{1, 16, 2, 16, 0}, uint64(1), uint8(0))
	f.Add([]byte{3, 0, 8, 2, 0xaa, 0xbb, 4, 0x93, 0x12, 0}, uint64(2), uint8(3))
	f.Add(bytes.Repeat([]byte{1, 255, 0, 4}, 200), uint64(3), uint8(100))
	f.Add([]byte{1, 0, 2, 0, 3, 0, 0, 0, 1}, uint64(4), uint8(1))
	f.Add([]byte{4, 2, 9, 0x93, 0x12, 0, 1, 255}, uint64(5), uint8(2))               // unknown behind a blocked read
	f.Add([]byte{0, 3, 0, 9, 1, 'x', 2, 1, 0, 3, 0, 0, 2, 'y'}, uint64(6), uint8(0)) // ends inside a write
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64, sip uint8) {
		stream = stream[:min(len(stream), 512)]
		for i, state := range []prng.State{prng.Seeded, prng.Unseeded, prng.ReseedRequired} {
			whole, split := newWorld(state), newWorld(state)
			whole.random, split.random = nil, nil
			split.sip = int(sip) * (1 + len(stream)/32)
			whole.Send(stream)
			cut := rand.New(rand.NewPCG(seed, uint64(i)))
			for rest := stream; len(rest) > 0; {
				n := 1 + cut.IntN(len(rest))
				split.Send(rest[:n])
				rest = rest[n:]
			}
			compare(t, whole, split)
			whole.SetState(prng.Seeded)
			split.SetState(prng.Seeded)
			compare(t, whole, split)
			whole.ShutWrite()
			split.ShutWrite()
			compare(t, whole, split)
			if want := predict(stream, state); !want.equals(whole) {
				t.Fatalf("got %x, %x mixed, ended %d; the model says %+v", whole.out, whole.mixed, whole.s.ended, want)
			}
		}
	})
}

func compare(t *testing.T, a, b *world) {
	t.Helper()
	if !bytes.Equal(a.out, b.out) || !bytes.Equal(a.mixed, b.mixed) || a.s.ended != b.s.ended {
		t.Fatalf("whole: %x out, %x mixed, ended %d; split: %x, %x, %d",
			a.out, a.mixed, a.s.ended, b.out, b.mixed, b.s.ended)
	}
	if a.Closed(false) {
		return // what follows an unknown command is not read
	}
	if !bytes.Equal(a.s.queue.bytes(), b.s.queue.bytes()) || a.s.Waits() != b.s.Waits() {
		t.Fatalf("whole keeps %x, split %x", a.s.queue.bytes(), b.s.queue.bytes())
	}
	for i := range requests(a) {
		if requests(a)[i] != requests(b)[i] {
			t.Fatalf("whole answered %v, split %v", requests(a), requests(b))
		}
	}
}

func requests(w *world) [5]uint64 { return w.s.tally.Requests }

// A peer that takes one byte at a time gets each reply once, framed as ever.
func TestSippingPeer(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.sip = 1
	w.Send([]byte{1, 3, 0, 2, 2, 4})
	want := []int{3, -1, -1, -1, 0, 0, 32, 0, -1, -1, 4, '4', '7', '1', '1'}
	if len(w.out) != len(want) {
		t.Fatalf("got %x", w.out)
	}
	for i, b := range want {
		if b >= 0 && int(w.out[i]) != b {
			t.Fatalf("byte %d: got %x", i, w.out)
		}
	}
}
