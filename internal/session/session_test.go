package session

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"prngd/internal/peercred"
	"prngd/internal/prng"
	"prngd/internal/transcript"
)

// world is a driver with no world in it: a session, a made-up clock and state,
// and a peer that takes at most sip bytes at a time, if that is not 0.
type world struct {
	s      *Session
	now    Instant
	g      Gate
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
	w := &world{now: 1, random: rand.New(rand.NewPCG(1, 2)), s: new(Session)}
	w.s.Init(NewService(4711, func(_ peercred.Cred, data []byte, bits int) int {
		w.mixed = append(w.mixed, data...)
		return bits
	}, nil), new(Tally))
	w.g = GateOf(state, testWait)
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

func (w *world) SetState(state prng.State) { w.g = GateOf(state, testWait); w.run(nil) }
func (w *world) ShutWrite()                { w.s.EOF(); w.run(nil) }
func (w *world) Closed(bool) bool          { return w.s.Closed() }

// send reads as a driver does: only while there is room.
func (w *world) Send(in []byte) {
	for len(in) > 0 && w.s.Room() > 0 && !w.s.Closed() {
		n := min(len(in), w.s.Room())
		w.run(in[:n])
		in = in[n:]
	}
}

// later lets time pass, and wakes the session wheNever it asked for it.
func (w *world) Later(d time.Duration) {
	end := w.now.After(d)
	for w.s.Deadline(w.now) <= end && !w.s.Closed() {
		w.now = w.s.Deadline(w.now)
		w.run(nil)
	}
	w.now = end
}

func (w *world) Receive(n int) []byte {
	n = min(n, len(w.out))
	got := w.out[:n]
	w.out = w.out[n:]
	return got
}

func (w *world) Rest() []byte { return w.Receive(len(w.out)) }

func TestSessionTranscripts(t *testing.T) {
	for _, pattern := range []string{"testdata/socket/*.txt", "testdata/time/*.txt"} {
		transcript.PlayAll(t, pattern, func(_ *testing.T, state prng.State) transcript.Party { return newWorld(state) })
	}
}

func TestIdleSessionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Session{}); size >= 300 {
		t.Errorf("a session takes %d bytes", size)
	}
	w := newWorld(prng.Seeded)
	w.Send(bytes.Repeat([]byte{2, 1}, 1000))
	if w.s.queue.big != nil || len(w.out) != 1000 {
		t.Errorf("after %d bytes of replies an idle session keeps a buffer: %v", len(w.out), w.s.queue.big != nil)
	}
	if w.s.Deadline(w.now) != Never {
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

// What is no read counts for the step, too.
func TestStepIsBoundedForAllCommands(t *testing.T) {
	for _, command := range []byte{0, 4} {
		w := newWorld(prng.Seeded)
		w.s.Take(bytes.Repeat([]byte{command}, QueueBytes), w.g, w.now)
		if w.s.Owes() > StepBytes || !w.s.more {
			t.Errorf("command %d: a step owes %d bytes, at most %d; more: %v", command, w.s.Owes(), StepBytes, w.s.more)
		}
	}
}

// Each state in which replies wait has a time of its own.
func TestWaitBeginsAfresh(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.Send([]byte{1, 4})
	w.Later(testWait - time.Second)
	w.SetState(prng.Seeded)
	w.Rest()
	w.SetState(prng.ReseedRequired)
	w.Send([]byte{1, 4})
	if w.Later(reseedWait - time.Nanosecond); len(w.out) > 0 {
		t.Fatalf("it answered %x too early", w.out)
	}
	if w.Later(time.Nanosecond); !bytes.Equal(w.out, []byte{0}) {
		t.Errorf("it answered %x", w.out)
	}
}

// An answer 00 that was due and never sent is due no more once there was a whole one.
func TestWholeReplyEndsWhatWasDueEmpty(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.deaf = true
	w.Send([]byte{1, 4, 1, 4})
	w.Later(testWait)
	w.deaf = false
	w.SetState(prng.Seeded)
	if len(w.Rest()) != 10 {
		t.Fatal("not two whole replies")
	}
	w.SetState(prng.ReseedRequired)
	w.Send([]byte{1, 4})
	if w.Later(time.Second); len(w.out) > 0 {
		t.Errorf("it answered %x at once", w.out)
	}
}

// What follows a write may be answered by the seed that the write made.
func TestWriteSeedsWhatFollows(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.s.Init(NewService(4711, func(_ peercred.Cred, _ []byte, bits int) int {
		w.g = GateOf(prng.Seeded, testWait)
		return bits
	}, func(peercred.Cred) bool { return true }), new(Tally))
	w.s.SetPeer(peercred.Cred{})
	w.Send([]byte{3, 0, 8, 1, 0xaa, 2, 4})
	if len(w.out) != 4 {
		t.Errorf("the read after it got %x", w.out)
	}
}

func TestPipelineIsOneWriteForEachStep(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.Send(bytes.Repeat([]byte{2, 0x40}, 67)) // QEMU's
	if w.writes != 1 || len(w.out) != 67*64 {
		t.Errorf("%d bytes in %d writes", len(w.out), w.writes)
	}
}

// 4 KiB of requests are kept while unseeded, and all answered.
func TestRoomWhileWaiting(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.Send(bytes.Repeat([]byte{2, 1}, 4000))
	if w.s.Room() != 0 || w.s.queue.len() != QueueBytes {
		t.Fatalf("room for %d, keeps %d", w.s.Room(), w.s.queue.len())
	}
	w.SetState(prng.Seeded)
	if len(w.out) != QueueBytes/2 || w.s.Room() != QueueBytes {
		t.Fatalf("%d bytes out, room for %d", len(w.out), w.s.Room())
	}
}

// A reseed may become required between Take and Generate: what needs no random bytes
// goes out, the rest waits, and nothing is lost.
func TestStateChangesInsideAStep(t *testing.T) {
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
	w.SetState(prng.ReseedRequired)
	if len(w.out) != 0 || !w.s.Waits() {
		t.Fatalf("reseed required: %x", w.out)
	}
	w.SetState(prng.Seeded)
	if len(w.out) != 16+4 {
		t.Fatalf("seeded: %x", w.out)
	}
}

// When the length byte of a full reply is sent the reply stays full, however
// long it takes and whatever the state is then.
func TestHalfSentReplyIsNeverShort(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.s.Take([]byte{1, 16, 4}, w.g, w.now)
	w.out = append(w.out, w.s.Reply(nil, make([]byte, 16))[:5]...)
	w.s.Sent(5, w.now)
	w.SetState(prng.ReseedRequired)
	w.Later(time.Hour)
	if w.s.Closed() || len(w.out) != 5 || w.s.Stuck() {
		t.Fatalf("reseed required: %x, closed %v", w.out, w.s.Closed())
	}
	w.SetState(prng.Seeded)
	if len(w.out) != 17+5 || w.out[0] != 16 || w.out[17] != 4 {
		t.Fatalf("seeded: %x", w.out)
	}
}

// The same where 00 was due already, but not taken before the first seed.
// The rest of a reply waits for a reseed as long as that takes: it cannot become 00.
func TestHalfSentReplyHasNoBound(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.deaf, w.gulp = true, 3
	w.Send([]byte{1, 8})
	w.SetState(prng.ReseedRequired)
	if d := w.s.Deadline(w.now); d == w.now.After(reseedWait) {
		t.Error("it has the deadline of an answer 00")
	}
}

func TestHalfSentReplyThatWasDueEmpty(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.deaf = true
	w.Send([]byte{1, 16})
	w.Later(testWait)
	if w.s.Owes() != 1 {
		t.Fatalf("owes %d bytes", w.s.Owes())
	}
	w.deaf = false
	w.g = GateOf(prng.Seeded, testWait)
	want := w.s.Take(nil, w.g, w.now)
	w.out = append(w.out, w.s.Reply(nil, make([]byte, want))[:5]...)
	w.s.Sent(5, w.now)
	w.SetState(prng.ReseedRequired)
	w.Later(time.Minute)
	w.SetState(prng.Seeded)
	if len(w.out) != 17 || w.out[0] != 16 {
		t.Fatalf("%x", w.out)
	}
}

func TestInputIsErased(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.Send([]byte{3, 0, 8, 5, 'b', 'y', 't', 'e', 's'})
	if w.s.queue.small != [16]byte{} {
		t.Errorf("keeps %x", w.s.queue.small)
	}
	big := bytes.Repeat([]byte{3, 0, 8, 5, 'b', 'y', 't', 'e', 's'}, 10)
	w.s.Take(big, w.g, w.now)
	buffer := w.s.queue.big
	w.s.Sent(0, w.now)
	if *buffer != [QueueBytes]byte{} || w.s.queue.small != [16]byte{} {
		t.Error("a buffer was given back full")
	}
}

func TestPeerThatReadsNothingIsClosedAfter30Seconds(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.deaf = true
	w.Send([]byte{2, 255})
	if w.s.Room() != 0 || !w.s.Stuck() {
		t.Fatal("a session with unsent replies reads on")
	}
	w.Later(29999 * time.Millisecond)
	if w.s.Closed() {
		t.Fatal("closed too early")
	}
	w.Later(time.Millisecond)
	if !w.s.Closed() || w.s.ended != WriteTimeout {
		t.Fatalf("ended: %v", w.s.ended)
	}
}

// One byte taken is progress, and buys another 30 s.
// What ended a session stays the reason when its connection is closed.
func TestAbandonKeepsTheReason(t *testing.T) {
	for _, c := range []struct {
		sent []byte
		wait time.Duration
		want Ending
	}{
		{nil, time.Hour, Alive},
		{[]byte{2}, time.Second, Truncated},
		{[]byte{2}, requestTime, RequestTimeout},
		{[]byte{9}, 0, UnknownCommand},
	} {
		w := newWorld(prng.Seeded)
		w.Send(c.sent)
		w.Later(c.wait)
		if got := w.s.Abandon(); got != c.want {
			t.Errorf("%x for %s: %v, expected %v", c.sent, c.wait, got, c.want)
		}
	}
}

// A buffer that is borrowed holds nothing of what was moved out of the way in it, nor
// the small one of what was moved to it.
func TestMovedInputIsErased(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.s.Take([]byte{1, 7}, w.g, w.now) // waits
	w.s.Take(bytes.Repeat([]byte{0x77}, 15), w.g, w.now)
	if w.s.queue.big == nil || w.s.queue.small != [16]byte{} {
		t.Errorf("the small buffer keeps %x", w.s.queue.small)
	}
	var q queue
	var spare spareBuffers
	q.append(bytes.Repeat([]byte{0x77}, 16), &spare)
	q.pop(10, &spare)
	q.append([]byte{1}, &spare)
	if want := [16]byte{0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 1}; q.small != want {
		t.Errorf("after a move to the front it keeps %x", q.small)
	}
}

func TestSlowPeerIsServed(t *testing.T) {
	w := newWorld(prng.Seeded)
	w.deaf = true
	w.Send([]byte{2, 5, 0})
	w.sip = 1
	for range 9 {
		w.Later(29 * time.Second)
		w.again()
	}
	if w.s.Closed() || w.s.Stuck() || len(w.out) != 9 || !bytes.HasSuffix(w.out, []byte{0, 0, 32, 0}) {
		t.Fatalf("out %x, ended %v", w.out, w.s.ended)
	}
}

func TestLongWaitIsToldOnce(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.Send([]byte{2, 1})
	if d := w.s.Deadline(w.now); d != w.now.After(longWait) {
		t.Fatalf("wakes at %d", d)
	}
	w.Later(longWait)
	if !w.s.WaitsLong(w.now) || w.s.Deadline(w.now) != Never {
		t.Fatal("a client that has waited 10 s is not reported")
	}
}

// Ages go over: what had 29 of its 30 seconds has one left.
func TestStateKeepsAges(t *testing.T) {
	now := Instant(time.Hour)
	var a, b Session
	a.Init(NewService(1, nil, nil), new(Tally))
	b.Init(a.service, a.tally)
	a.begun, a.blocked = now-Instant(29*time.Second), now-Instant(time.Second)
	saved := a.Save(now)
	later := Instant(5 * time.Second)
	b.Load(&saved, later)
	if b.begun != max(1, later-Instant(29*time.Second)) || b.blocked != later-Instant(time.Second) || b.stuck != 0 {
		t.Errorf("%+v became %+v", saved, b)
	}
}

// What a write claims is limited by its bytes, counts by the policy for its peer, and
// is counted as what became of it.
func TestWritesAreCountedByPolicy(t *testing.T) {
	peer := peercred.Cred{UID: 7}
	for _, c := range []struct {
		name                                 string
		write                                []byte
		known, credits                       bool
		gives                                int // what the generator counts at most
		mixes, bits                          int // calls of mix, and what it is told; credited bits
		credited, refused, clamped, accepted uint64
	}{
		{"credited", []byte{3, 0, 8, 1, 9}, true, true, 64, 1, 8, 1, 0, 0, 8},
		{"clamped", []byte{3, 1, 0, 1, 9}, true, true, 64, 1, 8, 1, 0, 1, 8},
		{"counts in part", []byte{3, 0, 8, 1, 9}, true, true, 3, 1, 8, 1, 0, 0, 3},
		{"counts for nothing", []byte{3, 0, 8, 1, 9}, true, true, 0, 1, 8, 0, 1, 0, 0},
		{"claims nothing", []byte{3, 0, 0, 1, 9}, true, true, 64, 1, 0, 0, 0, 0, 0},
		{"policy", []byte{3, 0, 8, 1, 9}, true, false, 64, 1, 0, 0, 1, 0, 0},
		{"unknown peer", []byte{3, 0, 8, 1, 9}, false, true, 64, 1, 0, 0, 1, 0, 0},
		{"empty", []byte{3, 0, 8, 0}, true, true, 64, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(prng.Seeded)
			mixes, told := 0, 0
			v := NewService(1, func(from peercred.Cred, _ []byte, bits int) int {
				if bits > 0 && from != peer {
					t.Errorf("the generator is told of %+v", from)
				}
				mixes, told = mixes+1, bits
				return min(bits, c.gives)
			},
				func(p peercred.Cred) bool { return c.credits && (p == peer || !c.known) })
			w.s.Init(v, new(Tally))
			if c.known {
				w.s.SetPeer(peer)
			}
			w.Send(c.write)
			if mixes != c.mixes || told != c.bits {
				t.Errorf("%d samples, the last of %d bits; expected %d of %d", mixes, told, c.mixes, c.bits)
			}
			got := [4]uint64{v.WritesCredited.Load(), v.WritesRefused.Load(), v.WritesClamped.Load(), v.CreditedBits.Load()}
			if want := [4]uint64{c.credited, c.refused, c.clamped, c.accepted}; got != want {
				t.Errorf("credited, refused, clamped and bits are %v, expected %v", got, want)
			}
		})
	}
}

// A command 1 for nothing is not an empty reply.
func TestEmptyRepliesAreCounted(t *testing.T) {
	w := newWorld(prng.Unseeded)
	w.Send([]byte{1, 0, 1, 16})
	w.Later(testWait)
	w.SetState(prng.ReseedRequired)
	w.Send([]byte{1, 16})
	w.Later(reseedWait)
	v := w.s.service
	if u, h, s := v.EmptyUnseeded.Load(), v.EmptyHeld.Load(), v.ShortReplies.Load(); u != 1 || h != 1 || s != 0 {
		t.Errorf("%d unseeded, %d with a reseed required, %d seeded; expected 1, 1, 0", u, h, s)
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
			random, reply := make([]byte, StepBytes), make([]byte, 0, StepBytes)
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
	random, reply := make([]byte, StepBytes), make([]byte, 0, StepBytes)
	in := []byte{1, 32}
	if n := testing.AllocsPerRun(100, func() {
		want := w.s.Take(in, w.g, 1)
		w.s.Sent(len(w.s.Reply(reply, random[:want])), 1)
	}); n > 0 {
		t.Errorf("%v allocations for a request", n)
	}
}
