package session

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"prngd/internal/prng"
)

// FuzzHandover: a connection that goes from program to program, at whatever
// moment and however often, carries the same bytes both ways as one that stays.
// A life is made of two bytes an event.
func FuzzHandover(f *testing.F) {
	f.Add([]byte{1, 16, 4, 3, 0, 8, 2, 0xaa, 0xbb, 0}, []byte{0, 3, 4, 0, 0, 4, 4, 0, 0, 9})
	f.Add(bytes.Repeat([]byte{1, 255, 4, 0}, 80), []byte{1, 7, 0, 90, 4, 0, 1, 200, 4, 0, 2, 1, 1, 3, 0, 255, 4, 0, 2, 2})
	f.Add([]byte{0, 2, 40, 1, 7, 0x93}, []byte{2, 0, 0, 1, 0, 2, 3, 200, 4, 0, 0, 90, 3, 200, 4, 0, 2, 2, 4, 0})
	f.Add([]byte{1, 9, 1, 8, 3, 0, 0}, []byte{2, 0, 0, 4, 3, 200, 4, 0, 0, 3, 3, 255, 3, 255, 4, 0, 5, 0})
	f.Fuzz(func(t *testing.T, stream, life []byte) {
		stream, life = stream[:min(len(stream), 1024)], life[:min(len(life), 200)]
		stays, goes := newWorld(prng.Seeded), newWorld(prng.Seeded)
		stays.random, goes.random = nil, nil
		for ; len(life) >= 2; life = life[2:] {
			var piece []byte
			if life[0]%6 == 0 {
				n := min(len(stream), int(life[1]))
				piece, stream = stream[:n], stream[n:]
			}
			stays.live(life, piece)
			goes.live(life, piece)
			if life[0]%6 == 4 {
				goes.handOver(t)
			}
			if !bytes.Equal(stays.out, goes.out) || !bytes.Equal(stays.mixed, goes.mixed) || stays.s.ended != goes.s.ended {
				t.Fatalf("after %d %d it has sent %x, mixed %x, ended %d; handed over %x, %x, %d", life[0], life[1],
					stays.out, stays.mixed, stays.s.ended, goes.out, goes.mixed, goes.s.ended)
			}
		}
	})
}

// live lets one event happen.
func (w *world) live(event, piece []byte) {
	switch event[0] % 6 {
	case 0:
		w.Send(piece)
	case 1: // the peer takes so many bytes, and then no more
		w.deaf, w.gulp = true, int(event[1])
		w.run(nil)
	case 2:
		w.SetState([]prng.State{prng.Unseeded, prng.ReseedRequired, prng.Seeded}[event[1]%3])
	case 3:
		w.Later(time.Duration(event[1]) * 200 * time.Millisecond)
	case 4:
		w.run(nil)
	case 5: // the peer takes everything from now on
		w.deaf = false
		w.run(nil)
	}
}

// handOver gives the session to another program, whose clock says something else.
func (w *world) handOver(t *testing.T) {
	if w.s.Closed() {
		return
	}
	text, err := json.Marshal(w.s.Save(w.now))
	if err != nil {
		t.Fatal(err)
	}
	var c State
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(w.s.service); err != nil {
		t.Fatalf("what was saved is refused: %v", err)
	}
	next := new(Session)
	next.Init(w.s.service, w.s.tally)
	w.now = Instant(time.Hour)
	next.Load(&c, w.now)
	w.s = next
	w.run(nil)
}

// FuzzInherit: whatever a document says of a connection, it is refused, or the
// peer gets the rest of the first reply and all others, and every byte once.
func FuzzInherit(f *testing.F) {
	f.Add([]byte{1, 16, 0}, uint16(3), uint16(0), int64(-1), false)
	f.Add([]byte{4, 4, 2, 255}, uint16(4), uint16(4), int64(time.Hour), true)
	f.Add([]byte{4, 4}, uint16(6), uint16(0), int64(0), false)      // more than there is to say
	f.Add([]byte{3, 0, 0, 1}, uint16(1), uint16(0), int64(5), true) // nothing is said to half a write
	f.Add([]byte{0x93}, uint16(0), uint16(2), int64(-1<<63), false)
	f.Fuzz(func(t *testing.T, queue []byte, skip, expired uint16, age int64, completed bool) {
		c := State{Queue: queue, Skip: skip, Expired: expired, Completed: completed,
			Begun: time.Duration(age), Blocked: -1, Stuck: -1}
		w := newWorld(prng.Seeded)
		w.random = nil
		whole := predict(queue, prng.Seeded)
		first := predict(beginning(queue), prng.Seeded).out
		possible := len(queue) <= QueueBytes && int(expired) <= len(queue) && (skip == 0 || int(skip) < len(first))
		if err := c.Check(w.s.service); (err == nil) != possible {
			t.Fatalf("%d of %x sent, %d expired: %v", skip, first, expired, err)
		}
		if !possible {
			return
		}
		w.now = Instant(time.Hour)
		w.s.Load(&c, w.now)
		w.s.begun = 0 // else it may be too late for the rest
		w.run(nil)
		w.ShutWrite()
		whole.out = whole.out[skip:]
		if !whole.equals(w) {
			t.Fatalf("got %x, %x mixed, ended %d; the model says %+v", w.out, w.mixed, w.s.ended, whole)
		}
	})
}

// beginning returns the first request of a stream, nothing if it is not whole.
func beginning(stream []byte) []byte {
	if len(stream) == 0 || stream[0] > 4 || !complete(stream) {
		return nil
	}
	rest := new(model).answer(stream, prng.Seeded)
	return stream[:len(stream)-len(rest)]
}
