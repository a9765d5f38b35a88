package prng_test

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"prngd/internal/prng"
)

func sample(n int) []byte { return bytes.Repeat([]byte{0xa5}, n) }

// openPool has just been seeded by 512 bits of "own".
func openPool(t testing.TB, w *world) (*prng.Generator, *prng.Source) {
	t.Helper()
	p := newPool(t, w)
	own := p.Source(prng.Policy{Name: "own"})
	own.Add(sample(64), 512)
	if p.State() != prng.Seeded {
		t.Fatal("512 bits did not open the gate")
	}
	return p, own
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestGate(t *testing.T) {
	p := newPool(t, &world{real: 1e18})
	own := p.Source(prng.Policy{Name: "own"})
	changed, dst := p.Changed(), []byte("untouched")

	own.Add(sample(64), 511)
	if st := p.Stats(); st.State != prng.Unseeded || st.FirstSeedBits != 511 {
		t.Fatalf("at 511 bits: %v, gate %d", st.State, st.FirstSeedBits)
	}
	if p.Generate(dst) || string(dst) != "untouched" || closed(changed) {
		t.Fatal("a shut gate lets something through")
	}
	if n, err := p.Read(dst); n != 0 || !errors.Is(err, prng.ErrUnseeded) {
		t.Fatalf("Read while shut: %d, %v", n, err)
	}

	own.Add(sample(1), 1)
	st := p.Stats()
	if st.State != prng.Seeded || st.FirstSeedBits != 512 || !closed(changed) {
		t.Fatalf("at 512 bits: %v, gate %d, change told: %v", st.State, st.FirstSeedBits, closed(changed))
	}
	if s := st.Sources[0]; s.CreditedBits != 512 || s.FirstSeedBits != 512 {
		t.Fatalf("the first seed is told to be of %+v", s)
	}
	if st.PoolBits != 0 || st.EntropyInputBits != 0 {
		t.Fatalf("the first seed leaves %d bits in the pools, %d in the entropyInput", st.PoolBits, st.EntropyInputBits)
	}
	if !st.OpenedAt.Equal(time.Unix(1e9, 0)) {
		t.Errorf("opened at %v", st.OpenedAt)
	}
	if !p.Generate(dst) || string(dst) == "untouched" {
		t.Fatal("an open gate gives nothing")
	}
	big := make([]byte, 3*prng.MaxBytesPerRequest+1)
	if n, err := p.Read(big); n != len(big) || err != nil || bytes.Equal(big[:99], big[prng.MaxBytesPerRequest:][:99]) {
		t.Fatalf("Read of %d bytes: %d, %v", len(big), n, err)
	}
}

// G11: what a sample may count at most: 8 a byte, n_out - 64 a digest where it
// enters hashed (SP 800-90B, 3.1.5.1.2), never less than nothing.
func TestCreditLimits(t *testing.T) {
	for _, c := range []struct{ size, bits, want int }{
		{600, 4096, 384}, {513, 4096, 384}, {512, 300, 300}, {100000, 1, 1},
		{4, 100, 32}, {31, 248, 192}, {32, 256, 256}, {0, 9, 0}, {64, -5, 0}, {64, math.MaxInt, 512},
	} {
		p := newPool(t, &world{})
		got := p.Source(prng.Policy{Name: "own"}).Add(sample(c.size), c.bits)
		if gate := p.Stats().FirstSeedBits; got != c.want || gate != c.want {
			t.Errorf("Add(%d bytes, %d bits) = %d, gate %d; expected %d", c.size, c.bits, got, gate, c.want)
		}
	}
}

func TestPoolsAreCapped(t *testing.T) {
	p, own := openPool(t, &world{})
	for range 100 {
		own.Add(sample(512), 4096)
	}
	if st := p.Stats(); st.PoolBits != 8192 || st.EntropyInputBits != prng.ReseedBits {
		t.Fatalf("full pools hold %d bits, the entropyInput %d", st.PoolBits, st.EntropyInputBits)
	}
}

func TestGateLimit(t *testing.T) {
	p := newPool(t, &world{})
	peer := p.Source(prng.Policy{Name: "egd:/peer", Untrusted: true, FirstSeedLimit: 256})
	for i, want := range []int{200, 56, 0} {
		if got := peer.Add(sample(64), 200); got != want {
			t.Fatalf("sample %d counted %d, expected %d", i, got, want)
		}
	}
	// The limit is the source's, not the value's that was handed out.
	if again := p.Source(prng.Policy{Name: "egd:/peer", Untrusted: true, FirstSeedLimit: 300}); again != peer {
		t.Fatal("the same name gave another source")
	}
	if got := peer.Add(sample(64), 200); got != 44 {
		t.Fatalf("limit raised by 44 counts %d", got)
	}
	p.Source(prng.Policy{Name: "kernel"}).Add(sample(64), 512)
	if got := peer.Add(sample(64), 512); p.State() != prng.Seeded || got != 512 {
		t.Fatalf("%v: the limit still counts %d", p.State(), got)
	}
}

// Data that somebody else chose, at length and in every size, changes contents
// and nothing else.
func TestForeignMovesNoCredit(t *testing.T) {
	w := &world{}
	p, own := openPool(t, w)
	own.Add(sample(64), 100)
	before := p.Stats()
	client := p.Source(prng.Policy{Name: "client", Untrusted: true})
	for i := range 5000 {
		w.advance(1e9)
		if got := client.Add(sample(i), 0); got != 0 {
			t.Fatalf("credited %d", got)
		}
		if i%100 == 0 {
			p.Generate(make([]byte, 8))
		}
	}
	st := p.Stats()
	if st.PoolBits != before.PoolBits || st.EntropyInputBits != before.EntropyInputBits || st.Stirs != 0 || st.Reseeds != 0 {
		t.Fatalf("bits %d, entropyInput %d, stirs %d, reseeds %d", st.PoolBits, st.EntropyInputBits, st.Stirs, st.Reseeds)
	}
	if st.Sources[1].Samples != 5000 || st.Sources[1].CreditedBits != 0 {
		t.Fatalf("%+v", st.Sources[1])
	}
}

func TestClose(t *testing.T) {
	p, own := openPool(t, &world{})
	changed := p.Changed()
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p.Hold(prng.Cloned)
	p.RequestReseed()
	p.Release(p.Ticket())
	p.Watch()
	if own.Add(sample(64), 512) != 0 || own.Add(sample(9999), 8) != 0 || p.Generate(make([]byte, 9)) || !closed(changed) {
		t.Fatal("a closed pool does something")
	}
	if st := p.Stats(); st.State != prng.Unseeded {
		t.Fatal(st.State)
	}
}
