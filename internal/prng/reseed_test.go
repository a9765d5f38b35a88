package prng_test

import (
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
	own.Add(sample(64), 256)
	if p.Stats().Reseeds != 0 {
		t.Fatal("reseeded within 1 s")
	}
	w.advance(1e6)
	own.Add(nil, 0)
	if st := p.Stats(); st.Reseeds != 1 || st.EntropyInputBits != 0 || !st.LastReseed.Equal(time.Unix(1, 0)) {
		t.Fatalf("after 1 s: %d reseeds at %v, entropyInput %d", st.Reseeds, st.LastReseed, st.EntropyInputBits)
	}
	w.advance(600e9)
	own.Add(sample(64), 255)
	if st := p.Stats(); st.Reseeds != 1 || st.SinceReseed != 600*time.Second {
		t.Fatalf("%d reseeds, the last %v ago", st.Reseeds, st.SinceReseed)
	}
	own.Add(sample(64), 1)
	if p.Stats().Reseeds != 2 {
		t.Fatal("256 bits did not reseed")
	}
}

func TestDemand(t *testing.T) {
	p, own := openPool(t, &world{})
	own.Add(sample(64), 255)
	p.RequestReseed()
	own.Add(sample(64), 255)
	if st := p.Stats(); st.Reseeds != 0 || !st.ReseedRequested {
		t.Fatal("bits from before the demand counted")
	}
	own.Add(sample(64), 1)
	if st := p.Stats(); st.Reseeds != 1 || st.ReseedRequested {
		t.Fatal("256 bits did not reseed at once")
	}
	own.Add(sample(64), 256)
	if p.Stats().Reseeds != 1 {
		t.Fatal("a demand is met twice")
	}
}

func TestHold(t *testing.T) {
	w := &world{}
	p, own := openPool(t, w)
	own.Add(sample(64), 255)
	changed := p.Changed()
	p.Hold()
	if p.State() != prng.ReseedRequired || !closed(changed) || p.Generate(make([]byte, 9)) {
		t.Fatal("not held")
	}
	own.Add(sample(64), 255)
	if p.State() != prng.ReseedRequired {
		t.Fatal("opened by bits from before")
	}
	changed = p.Changed()
	own.Add(sample(64), 1)
	if st := p.Stats(); st.State != prng.Seeded || st.Reseeds != 1 || !closed(changed) {
		t.Fatalf("256 bits: %v after %d reseeds", st.State, st.Reseeds)
	}

	p.Hold()
	p.Release()
	if st := p.Stats(); st.State != prng.Seeded || st.Reseeds != 1 || !st.ReseedRequested {
		t.Fatalf("released: %v after %d reseeds", st.State, st.Reseeds)
	}
	own.Add(sample(64), 256)
	if p.Stats().Reseeds != 2 {
		t.Fatal("what a hold asked for was forgotten by its release")
	}
}

func TestHoldWhileShut(t *testing.T) {
	p := newPool(t, &world{})
	own := p.Source(prng.Policy{Name: "own"})
	own.Add(sample(64), 500)
	p.Hold()
	p.RequestReseed()
	p.Release()
	if st := p.Stats(); st.State != prng.Unseeded || st.GateBits != 500 || st.ReseedRequested {
		t.Fatalf("%+v", st)
	}
	own.Add(sample(64), 12)
	if p.State() != prng.Seeded {
		t.Fatal("512 bits do not open")
	}
}

// A doubt is settled before a byte leaves: with kernel bytes by a reseed at
// once, without them, or for a clone, by a hold.
func TestDoubt(t *testing.T) {
	for _, row := range []struct {
		name    string
		doubt   prng.CloneEvent
		kernel  bool
		state   prng.State
		reseeds uint64
	}{
		{"none", prng.NoEvent, true, prng.Seeded, 0},
		{"jumped", prng.Jumped, true, prng.Seeded, 1},
		{"jumped, no kernel", prng.Jumped, false, prng.ReseedRequired, 0},
		{"cloned", prng.Cloned, true, prng.ReseedRequired, 0},
	} {
		doubt := prng.NoEvent
		p, err := prng.New(prng.Env{
			Kernel:     func(b []byte) bool { return row.kernel },
			CloneEvent: func(real, mono int64) prng.CloneEvent { return doubt },
		})
		if err != nil {
			t.Fatal(err)
		}
		own := p.Source(prng.Policy{Name: "own"})
		own.Add(sample(64), 512)
		own.Add(sample(64), 200) // of the reserve: a hold must forget it
		doubt = row.doubt
		got := p.Generate(make([]byte, 32))
		if st := p.Stats(); got != (row.state == prng.Seeded) || st.State != row.state || st.Reseeds != row.reseeds {
			t.Errorf("%s: generated %v, %v after %d reseeds", row.name, got, st.State, st.Reseeds)
		}
		if own.Add(sample(64), 255); row.state == prng.ReseedRequired && p.State() != prng.ReseedRequired {
			t.Errorf("%s: opened by bits from before", row.name)
		}
	}
}

func TestDemandIsAnswered(t *testing.T) {
	p, own := openPool(t, &world{})
	done := p.RequestReseed()
	if closed(done) {
		t.Fatal("answered before the reseed")
	}
	if again := p.RequestReseed(); again != done {
		t.Fatal("a second demand waits for another reseed")
	}
	own.Add(sample(64), 256)
	if !closed(done) {
		t.Fatal("not answered by the reseed")
	}
}
