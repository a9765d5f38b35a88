package prng_test

import (
	"bytes"
	"testing"
	"time"

	"prngd/internal/prng"
)

func TestStir(t *testing.T) {
	w := &world{}
	p, own := openPool(t, w)
	stirs := func() uint64 { p.Generate(make([]byte, 1)); return p.Stats().Stirs }
	round := func(n int) { // into P0, and 31 empty ones round the rest
		own.Add(sample(n), 0)
		for range 31 {
			own.Add(nil, 0)
		}
	}
	w.advance(99e6)
	round(63)
	if stirs() != 0 {
		t.Fatal("stirred at 63 bytes, 99 ms")
	}
	w.advance(1e6)
	if stirs() != 0 {
		t.Fatal("stirred at 63 bytes")
	}
	round(1)
	if stirs() != 1 {
		t.Fatal("not stirred at 64 bytes, 100 ms")
	}
	round(64)
	w.advance(99e6)
	if stirs() != 1 {
		t.Fatal("stirred after 99 ms")
	}
	w.advance(1e6)
	if p.Stats().Stirs != 1 {
		t.Fatal("stirred without a request")
	}
	for range 2 {
		if stirs() != 2 {
			t.Fatal("not stirred exactly once")
		}
	}
}

func TestReseed(t *testing.T) {
	w := &world{}
	p, own := openPool(t, w)
	w.advance(999e6)
	own.Add(sample(64), 320)
	if p.Stats().Reseeds != 0 {
		t.Fatal("reseeded within 1 s")
	}
	w.advance(1e6)
	own.Add(nil, 0)
	if st := p.Stats(); st.Reseeds != 1 || st.EntropyInputBits != 0 || !st.LastReseed.Equal(time.Unix(1, 0)) {
		t.Fatalf("after 1 s: %d reseeds at %v, %d bits left", st.Reseeds, st.LastReseed, st.EntropyInputBits)
	}
	w.advance(600e9)
	own.Add(sample(64), 319)
	if st := p.Stats(); st.Reseeds != 1 || st.SinceReseed != 600*time.Second {
		t.Fatalf("%d reseeds, the last %v ago", st.Reseeds, st.SinceReseed)
	}
	own.Add(sample(64), 1)
	if p.Stats().Reseeds != 2 {
		t.Fatal("320 bits did not reseed")
	}
}

// twoSources is a seeded generator with noise that a twin cannot share, and a
// kernel that it can.
func twoSources(t *testing.T, w *world) (p *prng.Generator, noise, kernel *prng.Source) {
	t.Helper()
	p, _ = openPool(t, w)
	return p, p.Source(prng.Policy{Name: "noise", Independent: true}), p.Source(prng.Policy{Name: "kernel"})
}

// G1, prediction resistance: only independent noise begun after the request
// answers it.
func TestRequestReseed(t *testing.T) {
	p, noise, kernel := twoSources(t, &world{})
	begun := p.Ticket()
	done := p.RequestReseed()
	noise.AddSampled(sample(64), 512, begun)
	kernel.Add(sample(64), 512)
	noise.Add(sample(64), 319)
	if st := p.Stats(); closed(done) || st.Reseeds != 0 || !st.ReseedRequested || st.IndependentBits != 319 {
		t.Fatalf("answered %v by noise from before, kernel bytes or 319 bits: %+v", closed(done), st)
	}
	noise.Add(sample(64), 1)
	if st := p.Stats(); !closed(done) || st.Reseeds != 1 || st.ReseedRequested || st.IndependentBits != 0 || st.EntropyInputBits != 0 {
		t.Fatalf("320 bits did not reseed at once: %+v", st)
	}
	noise.Add(sample(64), 512)
	if p.Stats().Reseeds != 1 {
		t.Fatal("a request is met twice")
	}
}

// A later request is answered by noise that was begun after it, and so is an
// earlier one that still waits.
func TestRequestsJoin(t *testing.T) {
	p, noise, _ := twoSources(t, &world{})
	first := p.RequestReseed()
	begun := p.Ticket()
	noise.Add(sample(64), 319)
	if second := p.RequestReseed(); second != first {
		t.Fatal("a second request waits for another reseed")
	}
	noise.AddSampled(sample(64), 512, begun)
	if closed(first) {
		t.Fatal("answered by noise from before the second request")
	}
	if noise.Add(sample(64), 320); !closed(first) {
		t.Fatal("not answered")
	}
}

// G1, G9: after an event nothing leaves before 320 bits of independent noise that
// was begun later; kernel bytes and all credit from before count for nothing.
func TestHold(t *testing.T) {
	for _, event := range []prng.Event{prng.Requested, prng.Jumped, prng.Exhausted, prng.Cloned} {
		w := &world{}
		p, noise, kernel := twoSources(t, w)
		noise.Add(sample(64), 319)
		kernel.Add(sample(64), 319)
		changed, begun := p.Changed(), p.Ticket()
		p.Hold(event)
		if p.State() != prng.ReseedRequired || !closed(changed) || p.Generate(make([]byte, 9)) {
			t.Fatal("not held")
		}
		w.advance(10e9)
		if noise.AddSampled(sample(64), 512, begun) != 0 {
			t.Fatal("a sample from before counts")
		}
		kernel.Add(sample(64), 512)
		kernel.Add(sample(64), 512)
		noise.Add(sample(64), 319)
		if st := p.Stats(); st.State != prng.ReseedRequired || st.Reseeds != 0 {
			t.Fatalf("%v after %d reseeds", st.State, st.Reseeds)
		}
		changed = p.Changed()
		noise.Add(sample(64), 1)
		if st := p.Stats(); st.State != prng.Seeded || st.Reseeds != 1 || !closed(changed) || st.Unsettled != prng.NoEvent {
			t.Fatalf("320 bits: %+v", st)
		}
	}
}

// G1: without independent noise a hold ends with what the kernel gave since, and
// Stats says so until noise has come.
func TestRelease(t *testing.T) {
	for _, row := range []struct {
		event   prng.Event
		kernel  int
		ends    bool
		reseeds uint64
	}{
		{prng.Requested, 0, true, 0}, {prng.Requested, 512, true, 1},
		{prng.Jumped, 319, true, 0}, {prng.Jumped, 512, true, 1},
		{prng.Exhausted, 319, false, 0}, {prng.Exhausted, 320, true, 1},
		{prng.Cloned, 319, false, 0}, {prng.Cloned, 320, true, 1},
	} {
		p, noise, kernel := twoSources(t, &world{})
		p.Hold(row.event)
		event, ticket := p.Held()
		kernel.Add(sample(64), row.kernel)
		if event != row.event || p.Release(ticket) != row.ends {
			t.Fatalf("%v with %d bits: ended %v", event, row.kernel, !row.ends)
		}
		st := p.Stats()
		if (st.State == prng.Seeded) != row.ends || st.Reseeds != row.reseeds || row.ends && st.Unsettled != row.event {
			t.Fatalf("%v with %d bits: %+v", event, row.kernel, st)
		}
		changed := p.Changed()
		noise.Add(sample(64), 320)
		if st := p.Stats(); st.State != prng.Seeded || st.Unsettled != prng.NoEvent || st.Reseeds != row.reseeds+1 || !closed(changed) {
			t.Fatalf("%v, then noise: %+v", event, st)
		}
	}
}

// G21: what is drawn for a seed file is nobody else's unless an event is unsettled, or
// was noticed while it was drawn.
func TestDraw(t *testing.T) {
	event := prng.NoEvent
	g, err := prng.New(prng.Env{Event: func(int64, int64) prng.Event { e := event; event = prng.NoEvent; return e }})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	noise := g.Source(prng.Policy{Name: "noise", Independent: true})
	draw := func(when string, want bool) {
		t.Helper()
		b := make([]byte, 64)
		if sole, err := g.Draw(b); sole != want || err != nil || bytes.Count(b, []byte{0}) > 32 {
			t.Errorf("%s: nobody else's %v, %v, %x", when, sole, err, b)
		}
	}
	if sole, err := g.Draw(make([]byte, 64)); sole || err == nil {
		t.Error("drawn while unseeded")
	}
	if _, err := g.Read(nil); err == nil {
		t.Error("nothing is read while unseeded, without an error")
	}
	noise.Add(sample(64), 512)
	draw("seeded", true)
	event = prng.Jumped
	if sole, err := g.Draw(make([]byte, 64)); sole || err == nil {
		t.Error("drawn while a reseed is required")
	}
	_, ticket := g.Held()
	g.Release(ticket)
	draw("released without noise", false)
	noise.Add(sample(64), 320)
	draw("after noise", true)
}

// G10, B6: the gravest event stays, and a hold is released only by its own ticket.
func TestHoldsKeepTheirOwn(t *testing.T) {
	p, _, kernel := twoSources(t, &world{})
	p.Hold(prng.Jumped)
	_, old := p.Held()
	p.Hold(prng.Cloned)
	p.Hold(prng.Jumped)
	if event, _ := p.Held(); event != prng.Cloned {
		t.Fatalf("a clone behind a jump became %v", event)
	}
	if kernel.Add(sample(64), 512); p.Release(old) || p.State() != prng.ReseedRequired {
		t.Fatal("an old jump's timer releases a later hold")
	}
	if _, ticket := p.Held(); !p.Release(ticket) {
		t.Fatal("the last hold is not released by its ticket")
	}
}

// G9: credit that was collected while unseeded is forgotten by a hold, and the
// first seed alone answers nothing.
func TestHoldWhileUnseeded(t *testing.T) {
	p := newPool(t, &world{})
	noise := p.Source(prng.Policy{Name: "noise", Independent: true})
	limited := p.Source(prng.Policy{Name: "limited", FirstSeedLimit: 256})
	noise.Add(sample(64), 255)
	limited.Add(sample(64), 256)
	p.Hold(prng.Cloned)
	if p.RequestReseed() != nil || p.Release(p.Ticket()) {
		t.Fatal("there is nothing to reseed or release")
	}
	if st := p.Stats(); st.State != prng.Unseeded || st.FirstSeedBits != 0 {
		t.Fatalf("%+v", st)
	}
	if limited.Add(sample(64), 256) != 256 {
		t.Fatal("the limit counts what was forgotten")
	}
	noise.Add(sample(64), 256)
	if st := p.Stats(); st.State != prng.ReseedRequired {
		t.Fatalf("seeded by 256 bits of noise since the event: %+v", st)
	}
	if noise.Add(sample(64), 64); p.State() != prng.Seeded {
		t.Fatalf("320 bits since the event: %v", p.State())
	}
}

// G2: an event is looked for when anything is generated, sampled or watched, and
// the world is asked once before.
func TestEventsAreLookedFor(t *testing.T) {
	for name, look := range map[string]func(*prng.Generator, *prng.Source){
		"Generate": func(p *prng.Generator, _ *prng.Source) { p.Generate(make([]byte, 32)) },
		"Add":      func(_ *prng.Generator, s *prng.Source) { s.Add(sample(64), 512) },
		"Watch":    func(p *prng.Generator, _ *prng.Source) { p.Watch() },
	} {
		asked, event := 0, prng.NoEvent
		p, err := prng.New(prng.Env{Event: func(real, mono int64) prng.Event { asked++; return event }})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if asked != 1 {
			t.Errorf("New looked %d times", asked)
		}
		own := p.Source(prng.Policy{Name: "own", Independent: true})
		own.Add(sample(64), 512)
		event = prng.Jumped
		look(p, own)
		if got, _ := p.Held(); got != prng.Jumped || p.Stats().Reseeds != 0 {
			t.Errorf("%s: %v holds", name, got)
		}
	}
}

// G5: bytes of a kernel that does not say that it is seeded make no reseed, and
// they are in every reseed and stir all the same, by a system call: G3.
func TestKernelBytesAreAdditionalInput(t *testing.T) {
	quick, calls := 0, 0
	w := &world{}
	p, err := prng.New(prng.Env{
		Clocks:     w.clocks,
		Kernel:     func(b []byte) bool { quick++; return true },
		KernelCall: func(b []byte) bool { calls++; return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	own := p.Source(prng.Policy{Name: "own"})
	own.Add(sample(64), 512)
	w.advance(100e6)
	for _, row := range []struct {
		what         string
		do           func()
		quick, calls int
	}{
		{"the first output in 100 ms", func() { p.Generate(make([]byte, 1)) }, 0, 1},
		{"output", func() { p.Generate(make([]byte, 1)) }, 1, 0},
		{"output 99 ms later", func() { w.advance(99e6); p.Generate(make([]byte, 1)) }, 1, 0},
		{"output 100 ms later", func() { w.advance(1e6); p.Generate(make([]byte, 1)) }, 0, 1},
		{"a stir", func() { w.advance(100e6); own.Add(sample(64*32), 1); p.Generate(make([]byte, 1)) }, 1, 1},
		{"a reseed", func() { w.advance(1e9); own.Add(sample(64), 512) }, 0, 1},
		{"another at once", func() { p.Hold(prng.Requested); own.Add(sample(64), 512); p.Release(p.Ticket()) }, 0, 1},
	} {
		quick, calls = 0, 0
		if row.do(); quick != row.quick || calls != row.calls {
			t.Errorf("%s: asked %d times from memory, %d by system call", row.what, quick, calls)
		}
	}
	if st := p.Stats(); st.Reseeds != 2 {
		t.Errorf("%d reseeds", st.Reseeds)
	}
}
