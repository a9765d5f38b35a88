package sources

import (
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/internal/credit"
	"prngd/internal/prng"
)

// lonely returns sources on a machine without a kernel generator and with a clock
// that can be moved, and else goes as the monotonic one does: the machine's own
// may be slewed, and is read a moment earlier or later.
func lonely(t *testing.T, list ...gatherers.Gatherer) (s *Sources, moved *atomic.Int64) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	s = New(Options{Log: log})
	s.clones.generation = nil
	s.list = list
	clocks, moved := gatherers.Clocks(), new(atomic.Int64)
	began, _ := clocks()
	g, err := prng.New(prng.Env{
		Clocks:     func() (real, mono int64) { _, mono = clocks(); return began + mono + moved.Load(), mono },
		CloneEvent: s.CloneEvent,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	s.Attach(g)
	done := make(chan struct{})
	go func() { s.Run(t.Context()); close(done) }()
	t.Cleanup(func() { <-done })
	awaitSeeded(t, g)
	return s, moved
}

// awaitSeeded waits until g is seeded.
func awaitSeeded(t *testing.T, g *prng.Generator) {
	t.Helper()
	for {
		changed := g.Changed()
		if g.State() == prng.Seeded {
			return
		}
		select {
		case <-changed:
		case <-time.After(time.Minute):
			t.Fatalf("%v for a minute: %+v", g.State(), g.Stats())
		}
	}
}

// When the clock jumps on a machine without a kernel generator, not a byte
// leaves before a fresh burst of jitter is in, or half a second has passed.
func TestClockJumpHoldsReplies(t *testing.T) {
	s, moved := lonely(t, gatherers.Jitter{}.Gatherer())
	reply := make([]byte, 32)
	s.generator.Generate(reply) // the watch has seen the clock once
	var waits []time.Duration
	for range 15 {
		before := s.generator.Stats().Reseeds
		moved.Add(int64(time.Hour))
		began := time.Now()
		if s.generator.Generate(reply) {
			t.Fatal("a reply left before the reseed")
		}
		awaitSeeded(t, s.generator)
		waited := time.Since(began)
		waits = append(waits, waited)
		if s.generator.Stats().Reseeds == before && waited < holdTime {
			t.Fatalf("released after %v without a reseed", waited)
		}
		if !s.generator.Generate(reply) {
			t.Fatal("held twice for one jump")
		}
	}
	slices.Sort(waits)
	t.Logf("replies held: p50 %v, max %v", waits[len(waits)/2], waits[len(waits)-1])
	if n := s.clones.jumps.Load(); n != 15 {
		t.Errorf("%d jumps counted", n)
	}
}

// What time daemons and calendars do is no reason to doubt.
func TestTimeDaemonsAreNoClones(t *testing.T) {
	s, moved := lonely(t, gatherers.Jitter{}.Gatherer())
	reply := make([]byte, 32)
	for _, step := range []time.Duration{0, 500 * time.Millisecond, -500 * time.Millisecond, time.Second / 2, -time.Second} {
		moved.Add(int64(step))
		if !s.generator.Generate(reply) {
			t.Errorf("a step of %v held replies", step)
		}
	}
}

// Two generators that start from the same bytes, on the same frozen clock, part
// company with the first thing that each of them gathers alone.
func TestTwinsDiverge(t *testing.T) {
	twin := func(own byte) []byte {
		p, err := prng.New(prng.Env{
			Clocks:                func() (real, mono int64) { return 1, 1 },
			PersonalizationString: []byte("same"),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		seed := slices.Repeat([]byte{1, 2, 3, 4}, 16)
		p.Source(credit.SeedFile()).Add(seed, 256)
		p.Source(prng.Policy{Name: "jitter"}).Add(append(slices.Repeat([]byte{9}, 63), own), 256)
		reply := make([]byte, 32)
		if !p.Generate(reply) {
			t.Fatal("not seeded")
		}
		return reply
	}
	if a, b := twin(1), twin(1); !slices.Equal(a, b) {
		t.Error("the world leaks into this test: equal twins differ")
	}
	if a, b := twin(1), twin(2); slices.Equal(a, b) {
		t.Error("one bit of difference made none")
	}
}
