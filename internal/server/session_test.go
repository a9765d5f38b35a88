package server

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"prngd/internal/prng"
)

// world is a driver with no world in it: a session, a made-up clock and gate,
// and a peer that takes at most sip bytes at a time, if that is not 0.
type world struct {
	link   *link
	s      *session // the link's
	now    instant
	g      gate
	random *rand.Rand // nil: every random byte is a filler
	mixed  []byte
	out    []byte
	writes int // how many times something was sent
	sip    int
	deaf   bool // the peer takes nothing
	gulp   int  // but these
}

// filler stands for random bytes where streams are compared byte by byte.
const filler = 0xee

const testWait = 5 * time.Second

func newWorld(state prng.State) *world {
	w := &world{now: 1, random: rand.New(rand.NewPCG(1, 2)), link: new(link)}
	w.s = &w.link.session
	w.s.svc = newService(4711, func(data []byte, bits int) int {
		w.mixed = append(w.mixed, data...)
		return bits
	})
	w.s.tally = new(tally)
	w.g = waitFor(state, testWait)
	return w
}

// run is what a driver does when it has input, or wakes up without any.
func (w *world) run(in []byte) {
	for more := true; more && !w.s.Closed(); more = w.s.More() {
		random := w.randomBytes(w.s.Take(in, w.g, w.now))
		in = nil
		reply := w.s.Reply(nil, random)
		n := len(reply)
		if w.sip > 0 {
			n = min(n, w.sip)
		}
		if w.deaf {
			n = min(len(reply), w.gulp)
			w.gulp -= n
		}
		if n > 0 {
			w.writes++
		}
		w.out = append(w.out, reply[:n]...)
		w.s.Sent(n, w.now)
		for w.sip > 0 && w.s.Stuck() && !w.s.Closed() && n > 0 {
			n = w.again()
		}
	}
}

func (w *world) randomBytes(n int) []byte {
	b := bytes.Repeat([]byte{filler}, n)
	for i := range b {
		if w.random != nil {
			b[i] = byte(w.random.Uint32())
		}
	}
	return b
}

// again offers the peer what it did not take.
func (w *world) again() int {
	random := w.randomBytes(w.s.Take(nil, w.g, w.now))
	reply := w.s.Reply(nil, random)
	n := min(len(reply), w.sip)
	w.out = append(w.out, reply[:n]...)
	w.s.Sent(n, w.now)
	return n
}

func (w *world) gate(state prng.State) { w.g = waitFor(state, testWait); w.run(nil) }
func (w *world) shutWrite()            { w.s.EOF(); w.run(nil) }
func (w *world) closed(bool) bool      { return w.s.Closed() }

// send reads as a driver does: only while there is room.
func (w *world) send(in []byte) {
	for len(in) > 0 && w.s.Room() > 0 && !w.s.Closed() {
		n := min(len(in), w.s.Room())
		w.run(in[:n])
		in = in[n:]
	}
}

// later lets time pass, and wakes the session whenever it asked for it.
func (w *world) later(d time.Duration) {
	end := w.now.after(d)
	for w.s.Deadline(w.now) <= end && !w.s.Closed() {
		w.now = w.s.Deadline(w.now)
		w.run(nil)
	}
	w.now = end
}

func (w *world) receive(n int) []byte {
	n = min(n, len(w.out))
	got := w.out[:n]
	w.out = w.out[n:]
	return got
}

func (w *world) rest() []byte { return w.receive(len(w.out)) }

func TestSessionTranscripts(t *testing.T) {
	for _, pattern := range []string{"testdata/wire/*.txt", "testdata/time/*.txt"} {
		playAll(t, pattern, func(_ *testing.T, state prng.State) party { return newWorld(state) })
	}
}

func TestIdleSessionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(session{}); size >= 300 {
		t.Errorf("a session takes %d bytes", size)
	}
	w := newWorld(prng.Seeded)
	w.send(bytes.Repeat([]byte{2, 1}, 1000))
	if w.s.queue.big != nil || len(w.out) != 1000 {
		t.Errorf("after %d bytes of replies an idle session keeps a buffer: %v", len(w.out), w.s.queue.big != nil)
	}
	if w.s.Deadline(w.now) != never {
		t.Error("an idle session has a deadline")
	}
}

// No more than 8 KiB for one connection in one step; no reply is torn apart.
func TestStepIsBounded(t *testing.T) {
	w := newWorld(prng.Seeded)
	want := w.s.Take(bytes.Repeat([]byte{1, 255}, 100), w.g, w.now)
	if want != 32*255 || w.s.Owes() != 32*256 || !w.s.more {
		t.Fatalf("want %d random bytes and %d in all", want, w.s.Owes())
	}
	reply := w.s.Reply(nil, make([]byte, want))
	w.s.Sent(len(reply), w.now)
	if want := w.s.Take(nil, w.g, w.now); want != 32*255 {
		t.Fatalf("then want %d random bytes", want)
	}
}

func TestPipelineIsOneWriteForEachStep(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.send(bytes.Repeat([]byte{2, 0x40}, 67)) // QEMU's
	if w.writes != 1 || len(w.out) != 67*64 {
		t.Errorf("%d bytes in %d writes", len(w.out), w.writes)
	}
}

// 4 KiB of requests are kept while the gate is shut, and all answered.
func TestRoomWhileWaiting(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.send(bytes.Repeat([]byte{2, 1}, 4000))
	if w.s.Room() != 0 || w.s.queue.len() != queueBytes {
		t.Fatalf("room for %d, keeps %d", w.s.Room(), w.s.queue.len())
	}
	w.gate(prng.Seeded)
	if len(w.out) != queueBytes/2 || w.s.Room() != queueBytes {
		t.Fatalf("%d bytes out, room for %d", len(w.out), w.s.Room())
	}
}

// The gate may be held between Take and Generate: what needs no random bytes
// goes out, the rest waits, and nothing is lost.
func TestGateMovesInsideAStep(t *testing.T) {
	w := newWorld(prng.Seeded)
	if want := w.s.Take([]byte{0, 2, 16, 0}, w.g, w.now); want != 16 {
		t.Fatal(want)
	}
	reply := w.s.Reply(nil, nil)
	if !bytes.Equal(reply, []byte{0, 0, 32, 0}) {
		t.Fatalf("%x", reply)
	}
	w.s.Sent(len(reply), w.now)
	if !w.s.More() || w.s.Stuck() {
		t.Fatal("the session does not ask to be run again")
	}
	w.gate(prng.ReseedRequired)
	if len(w.out) != 0 || !w.s.Waits() {
		t.Fatalf("held: %x", w.out)
	}
	w.gate(prng.Seeded)
	if len(w.out) != 16+4 {
		t.Fatalf("open: %x", w.out)
	}
}

// When the length byte of a full reply is sent the reply stays full, however
// long it takes and whatever becomes of the gate.
func TestHalfSentReplyIsNeverShort(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.s.Take([]byte{1, 16, 4}, w.g, w.now)
	w.out = append(w.out, w.s.Reply(nil, make([]byte, 16))[:5]...)
	w.s.Sent(5, w.now)
	w.gate(prng.ReseedRequired)
	w.later(time.Hour)
	if w.s.Closed() || len(w.out) != 5 || w.s.Stuck() {
		t.Fatalf("held: %x, closed %v", w.out, w.s.Closed())
	}
	w.gate(prng.Seeded)
	if len(w.out) != 17+5 || w.out[0] != 16 || w.out[17] != 4 {
		t.Fatalf("open: %x", w.out)
	}
}

// The same where 00 was due already, but not taken before the gate opened.
func TestHalfSentReplyThatWasDueEmpty(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.deaf = true
	w.send([]byte{1, 16})
	w.later(testWait)
	if w.s.Owes() != 1 {
		t.Fatalf("owes %d bytes", w.s.Owes())
	}
	w.deaf = false
	w.g = waitFor(prng.Seeded, testWait)
	want := w.s.Take(nil, w.g, w.now)
	w.out = append(w.out, w.s.Reply(nil, make([]byte, want))[:5]...)
	w.s.Sent(5, w.now)
	w.gate(prng.ReseedRequired)
	w.later(time.Minute)
	w.gate(prng.Seeded)
	if len(w.out) != 17 || w.out[0] != 16 {
		t.Fatalf("%x", w.out)
	}
}

func TestInputIsErased(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.send([]byte{3, 0, 8, 5, 'b', 'y', 't', 'e', 's'})
	if w.s.queue.small != [16]byte{} {
		t.Errorf("keeps %x", w.s.queue.small)
	}
	big := bytes.Repeat([]byte{3, 0, 8, 5, 'b', 'y', 't', 'e', 's'}, 10)
	w.s.Take(big, w.g, w.now)
	buffer := w.s.queue.big
	w.s.Sent(0, w.now)
	if *buffer != [queueBytes]byte{} || w.s.queue.small != [16]byte{} {
		t.Error("a buffer was given back full")
	}
}

func TestDeafPeerIsClosedAfter30Seconds(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.deaf = true
	w.send([]byte{2, 255})
	if w.s.Room() != 0 || !w.s.Stuck() {
		t.Fatal("a session with unsent replies reads on")
	}
	w.later(29999 * time.Millisecond)
	if w.s.Closed() {
		t.Fatal("closed too early")
	}
	w.later(time.Millisecond)
	if !w.s.Closed() || w.s.ended != stalled {
		t.Fatalf("ended: %v", w.s.ended)
	}
}

// One byte taken is progress, and buys another 30 s.
func TestSlowPeerIsServed(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.deaf = true
	w.send([]byte{2, 5, 0})
	w.sip = 1
	for range 9 {
		w.later(29 * time.Second)
		w.again()
	}
	if w.s.Closed() || w.s.Stuck() || len(w.out) != 9 || !bytes.HasSuffix(w.out, []byte{0, 0, 32, 0}) {
		t.Fatalf("out %x, ended %v", w.out, w.s.ended)
	}
}

func TestLongWaitIsToldOnce(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.send([]byte{2, 1})
	if d := w.s.Deadline(w.now); d != w.now.after(longWait) {
		t.Fatalf("wakes at %d", d)
	}
	w.later(longWait)
	if !w.s.WaitsLong(w.now) || w.s.Deadline(w.now) != never {
		t.Fatal("a client that has waited 10 s is not reported")
	}
}

func BenchmarkSession(b *testing.B) {
	for name, in := range map[string][]byte{
		"32":       {1, 32},
		"255":      {2, 255},
		"pipeline": bytes.Repeat([]byte{2, 64}, 67),
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(prng.Seeded)
			random, reply := make([]byte, stepBytes), make([]byte, 0, stepBytes)
			b.ReportAllocs()
			for b.Loop() {
				want := w.s.Take(in, w.g, 1)
				w.s.Sent(len(w.s.Reply(reply, random[:want])), 1)
			}
		})
	}
}

func TestSessionAllocatesNothing(t *testing.T) {
	w := newWorld(prng.Seeded)
	random, reply := make([]byte, stepBytes), make([]byte, 0, stepBytes)
	in := []byte{1, 32}
	if n := testing.AllocsPerRun(100, func() {
		want := w.s.Take(in, w.g, 1)
		w.s.Sent(len(w.s.Reply(reply, random[:want])), 1)
	}); n > 0 {
		t.Errorf("%v allocations for a request", n)
	}
}
