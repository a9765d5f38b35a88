package prng

import "testing"

func internalPool(t *testing.T, env Env) *Generator {
	p, err := New(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// However short, long or odd: every pool and the reserve get a part and a share.
func TestCreditedSampleRaisesEveryPool(t *testing.T) {
	for _, size := range []int{1, 31, 32, 33, 64, 500, 512, 513, 100000} {
		p := internalPool(t, Env{})
		const bits = 7
		p.Source(Policy{Name: "s"}).Add(make([]byte, size), bits)
		acc := &p.sec.acc
		seen := make(map[[32]byte]bool)
		for i := range pools {
			if acc.units[i] != bits || seen[acc.pool[i]] || acc.pool[i] == [32]byte{} {
				t.Fatalf("%d bytes: pool %d has %d/32 bit and contents %x", size, i, acc.units[i], acc.pool[i])
			}
			seen[acc.pool[i]] = true
		}
		if acc.bitsOf(entropyInput) != bits || seen[acc.pool[entropyInput]] {
			t.Fatalf("%d bytes: the entropyInput has %d bits and contents %x", size, acc.bitsOf(entropyInput), acc.pool[entropyInput])
		}
	}
}

// Uncredited samples visit the pools in turn, each source for itself.
func TestUncreditedRoundRobin(t *testing.T) {
	p := internalPool(t, Env{})
	a, b := p.Source(Policy{Name: "a"}), p.Source(Policy{Name: "b"})
	acc := &p.sec.acc
	for n := range 70 {
		for _, s := range []*Source{a, b} {
			before := acc.pool
			s.Add([]byte("x"), 0)
			for i := range acc.pool {
				if changed := acc.pool[i] != before[i]; changed != (i == n%pools) {
					t.Fatalf("sample %d: pool %d changed: %v", n, i, changed)
				}
			}
		}
	}
}

func TestScheduleDrains(t *testing.T) {
	acc := new(accumulator)
	for n := uint64(1); n <= 1<<10; n++ {
		for i := range acc.pool {
			acc.pool[i][0], acc.units[i] = 1, 9
		}
		out := acc.drainScheduled(nil)
		for i := range acc.pool {
			due := i < pools && n%(1<<i) == 0
			if drained := acc.pool[i][0] == 0 && acc.units[i] == 0; drained != due {
				t.Fatalf("n = %d: P%d drained: %v", n, i, drained)
			}
			if due && len(out) < 32*(i+1) {
				t.Fatalf("n = %d: P%d drained into nothing", n, i)
			}
		}
	}
	acc.n = 1<<40 - 1
	if out := acc.drainScheduled(nil); len(out) != 32*pools {
		t.Fatalf("2^40: %d bytes drained", len(out))
	}
}

// The reseed interval of SP 800-90A ends in a hold that only a reseed ends.
func TestReseedInterval(t *testing.T) {
	g := internalPool(t, Env{})
	s := g.Source(Policy{Name: "s"})
	s.Add(make([]byte, 64), 512)
	g.requests = reseedInterval - 1
	if !g.Generate(make([]byte, 1)) {
		t.Fatal("the last request of the interval is refused")
	}
	if g.Generate(make([]byte, 1)) || g.State() != ReseedRequired {
		t.Fatalf("after the interval: %v", g.State())
	}
	event, ticket := g.Held()
	if event != Exhausted || g.Release(ticket) {
		t.Fatalf("%v was released without a reseed", event)
	}
	s.Add(make([]byte, 64), ReseedBits)
	if !g.Release(ticket) || g.requests != 0 || !g.Generate(make([]byte, 1)) {
		t.Fatalf("%d requests after a reseed", g.requests)
	}
}

// G11: a stir is no reseed in the sense of 90A: it does not begin a new reseed
// interval; a reseed does.
func TestStirKeepsReseedInterval(t *testing.T) {
	mono := int64(0)
	g := internalPool(t, Env{Clocks: func() (int64, int64) { return mono, mono }})
	s := g.Source(Policy{Name: "s"})
	s.Add(make([]byte, 64), 512)
	g.requests = 1000
	s.Add(make([]byte, 64*pools), 1)
	mono += stirEvery
	if g.Generate(make([]byte, 1)); g.counts.stirs != 1 || g.requests != 1001 {
		t.Fatalf("%d stirs, %d requests", g.counts.stirs, g.requests)
	}
	mono += minReseedInterval
	if s.Add(make([]byte, 64), ReseedBits); g.counts.reseeds != 1 || g.requests != 0 {
		t.Fatalf("%d reseeds, %d requests", g.counts.reseeds, g.requests)
	}
}

// The bytes that a sample leaves in the hash buffers are gone when Add returns.
func TestAddForgetsSample(t *testing.T) {
	p := internalPool(t, Env{})
	s := p.Source(Policy{Name: "s"})
	data := make([]byte, 9000)
	for i := range data {
		data[i] = 0xff
	}
	for _, add := range []struct{ size, bits int }{{5, 9}, {500, 0}, {64, 100}, {9000, 100}, {9000, 0}, {64, 512}} {
		s.Add(data[:add.size], add.bits)
		if p.sec.acc.in != [len(p.sec.acc.in)]byte{} {
			t.Errorf("%d bytes, %d bits: the mixing buffer is not cleared", add.size, add.bits)
		}
		if p.sec.chain.out != [len(p.sec.chain.out)]byte{} {
			t.Errorf("%d bytes, %d bits: the digests are not cleared", add.size, add.bits)
		}
		for _, b := range p.sec.chain.in[1:] {
			if b != 0 {
				t.Errorf("%d bytes, %d bits: the chain is not cleared", add.size, add.bits)
				break
			}
		}
	}
}

// Half an answer of the kernel is not kept either.
func TestGenerateForgetsKernelBytes(t *testing.T) {
	p := internalPool(t, Env{Kernel: func(b []byte) bool { b[31] = 1; return false }})
	p.Source(Policy{Name: "s"}).Add(make([]byte, 64), 512)
	p.Generate(make([]byte, 1))
	for _, b := range p.sec.drbg.buf[inputAt:] {
		if b != 0 {
			t.Fatal("additional input is left behind")
		}
	}
}

func TestLongPersonalization(t *testing.T) {
	out := make(map[[8]byte]bool)
	for _, n := range []int{0, 1, maxPersonalizationString, maxPersonalizationString + 1, 100000} {
		p := internalPool(t, Env{PersonalizationString: make([]byte, n)})
		p.Source(Policy{Name: "s"}).Add(make([]byte, 64), 512)
		var b [8]byte
		if !p.Generate(b[:]) || out[b] {
			t.Fatalf("personalization of %d bytes: same output as another", n)
		}
		out[b] = true
	}
}
