package prng

import (
	"encoding/binary"
	"testing"
	"time"
)

// attacker has learnt the whole state, knows every sample but the honest ones,
// sees every output and guesses up to 2^128 values at each reseed. What it does
// not know is counted in bits per pool; which pool a sample reached, and which
// pools a reseed drained, is read off the real accumulator.
type attacker struct {
	pool    *Generator
	mono    int64
	before  [inputs][32]byte
	unknown [inputs]float64
	seeded  uint64 // reseeds and stirs seen

	// The single pool, for comparison: same trigger, everything goes in each time.
	naive      float64 // bits in it that the attacker does not know
	naiveBytes int
	naiveLast  int64
	worst      float64 // most bits that it ever put in at once
}

const guessable = 128 // bits: what goes in at once must be more than can be guessed

func compromise(t *testing.T, schedule uint64) *attacker {
	a := new(attacker)
	p, err := New(Env{Clocks: func() (int64, int64) { return a.mono, a.mono }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	p.Source(Policy{Name: "first"}).Add(make([]byte, 64), 512)
	p.sec.acc.n = schedule
	a.pool, a.seeded = p, p.counts.stirs+p.counts.reseeds
	return a
}

// honest adds a sample with so many bits that the attacker does not know.
func (a *attacker) honest(s *Source, size int, bits float64, credit int) (lost bool) {
	data := make([]byte, size)
	binary.BigEndian.PutUint64(data, uint64(a.mono))
	a.before = a.pool.sec.acc.pool
	s.Add(data, credit)
	share := bits
	if credit > 0 {
		share /= pools
	}
	if a.pool.counts.stirs+a.pool.counts.reseeds == a.seeded {
		for i := range pools {
			if a.pool.sec.acc.pool[i] != a.before[i] {
				a.unknown[i] += share
			}
		}
	}
	if credit > 0 {
		a.unknown[entropyInput] += bits
	}
	a.naive += bits
	a.naiveBytes += size
	return a.look()
}

// look is after anything that may have reseeded: true if what went in was more
// than could be guessed. Otherwise the attacker has guessed it, and knows the state again.
func (a *attacker) look() (lost bool) {
	now := a.pool.counts.stirs + a.pool.counts.reseeds
	if now == a.seeded {
		return false
	}
	a.seeded = now
	in := 0.0
	take := func(i int) (drained bool) {
		if drained = a.pool.sec.acc.pool[i] == [32]byte{}; drained {
			in += a.unknown[i]
			a.unknown[i] = 0
		}
		return drained
	}
	take(entropyInput)
	for i := 0; i < pools && take(i); i++ { // drained are P0 to some P_i
	}
	return in >= guessable
}

// feed gives P0 known bytes enough for a stir. Known samples for other pools
// change nothing for the attacker and are left out.
func (a *attacker) feed(s *Source) {
	s.next = 0
	a.known(s, minPoolSize)
}

func (a *attacker) known(s *Source, size int) {
	s.Add(make([]byte, size), 0)
	a.naiveBytes += size
}

// request is a Generate, which may stir either generator.
func (a *attacker) request() (lost bool) {
	a.pool.Generate(make([]byte, 1))
	if a.naiveBytes >= minPoolSize && a.mono-a.naiveLast >= stirEvery {
		a.worst = max(a.worst, a.naive)
		a.naive, a.naiveBytes, a.naiveLast = 0, 0, a.mono
	}
	return a.look()
}

type recovery struct {
	name     string
	tick     time.Duration // between requests
	known    int           // gatherers of ours that the attacker knows: one sample of 200 bytes every 20 s each; 0 = as fast as stirs go
	size     int           // of the honest sample every 20 s
	bits     float64
	credit   int
	burst    bool // an honest burst of 320 credited bits every 600 s
	atMost   time.Duration
	schedule uint64 // Fortuna's n at the compromise
}

// run returns after how long the attacker has lost, or a day.
func (r recovery) run(t *testing.T) (after time.Duration, a *attacker) {
	a = compromise(t, r.schedule)
	honest, burst := a.pool.Source(Policy{Name: "honest"}), a.pool.Source(Policy{Name: "burst"})
	fast := a.pool.Source(Policy{Name: "known"})
	var slow []*Source
	for i := range r.known {
		slow = append(slow, a.pool.Source(Policy{Name: string(rune('a' + i))}))
	}
	period := int64(20 * time.Second)
	for a.mono < int64(24*time.Hour) {
		a.mono += int64(r.tick)
		lost := false
		if a.mono%period == 0 {
			for _, s := range slow {
				a.known(s, 200)
			}
			lost = a.honest(honest, r.size, r.bits, r.credit)
		}
		if r.burst && a.mono%int64(600*time.Second) == 0 {
			lost = a.honest(burst, 4096, ReseedBits, ReseedBits) || lost
		}
		if r.known == 0 {
			a.feed(fast)
		}
		if a.request() || lost {
			break
		}
	}
	return time.Duration(a.mono), a
}

// Fortuna's promise: with no estimate trusted, the attacker is out after a
// bounded multiple of the time an ideal collector needs (here 128 bits at 5 bits
// every 20 s: 512 s), however fast reseeds can be provoked; a single pool never
// recovers, because each reseed holds few enough bits to guess.
func TestRecoveryFromCompromise(t *testing.T) {
	const fortuna = 64 * 512 * time.Second
	for _, r := range []recovery{
		{name: "load, stir every 100 ms", tick: 100 * time.Millisecond, atMost: fortuna},
		{name: "load, compromise at the worst moment found", tick: 100 * time.Millisecond, atMost: fortuna, schedule: 39000},
		{name: "idle, stir every 20 s", tick: 20 * time.Second, atMost: fortuna},
		{name: "idle, 8 known gatherers every 20 s", tick: time.Second, known: 8, atMost: fortuna},
		{name: "idle, stir every 20 s, honest source credited 5", tick: 20 * time.Second, credit: 5, atMost: 1280 * time.Second},
		{name: "load, and a reseed every 600 s", tick: 100 * time.Millisecond, burst: true, atMost: 600 * time.Second},
	} {
		r.size, r.bits = 64, 5
		after, a := r.run(t)
		t.Logf("%-48s lost after %7v: %6d stirs, %d reseeds; naive single pool: at most %g bits at once",
			r.name, after, a.pool.counts.stirs, a.pool.counts.reseeds, a.worst)
		if after > r.atMost {
			t.Errorf("%s: not within %v", r.name, r.atMost)
		}
		if !r.burst && a.worst >= guessable {
			t.Errorf("%s: a single pool would have done: the simulation shows nothing", r.name)
		}
	}
}
