package daemon

import (
	"context"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
	"prngd/internal/prng"
)

// lonely is a daemon without sockets, on a machine without a kernel generator
// and with a clock that can be moved, and else goes as the monotonic one does: the
// machine's own may be slewed, and is read a moment earlier or later.
func lonely(t *testing.T, list ...gatherers.Gatherer) (d *daemon, moved *atomic.Int64) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	d = &daemon{log: log, gathering: list, doubts: &doubts{raised: make(chan prng.CloneEvent, 1)}}
	d.runner = gatherers.NewRunner(d.mix, log)
	clocks, moved := gatherers.Clocks(), new(atomic.Int64)
	began, _ := clocks()
	var err error
	d.pool, err = prng.New(prng.Env{
		Clocks:     func() (real, mono int64) { _, mono = clocks(); return began + mono + moved.Load(), mono },
		CloneEvent: d.doubts.ask,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.pool.Close() })
	for _, task := range []func(context.Context){d.gather, d.watchClones} {
		done := make(chan struct{})
		go func() { task(t.Context()); close(done) }()
		t.Cleanup(func() { <-done })
	}
	patient, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if !d.awaitOpen(patient) {
		t.Fatalf("not seeded in a minute: %+v", d.runner.Stats())
	}
	return d, moved
}

// When the clock jumps on a machine without a kernel generator, not a byte
// leaves before a fresh burst of jitter is in, or half a second has passed.
func TestClockJumpHoldsReplies(t *testing.T) {
	d, moved := lonely(t, gatherers.Jitter{}.Gatherer())
	reply := make([]byte, 32)
	d.pool.Generate(reply) // the watch has seen the clock once
	var waits []time.Duration
	for range 15 {
		before := d.pool.Stats().Reseeds
		moved.Add(int64(time.Hour))
		began := time.Now()
		if d.pool.Generate(reply) {
			t.Fatal("a reply left before the reseed")
		}
		if !d.awaitOpen(t.Context()) {
			t.Fatal("held for ever")
		}
		waited := time.Since(began)
		waits = append(waits, waited)
		if d.pool.Stats().Reseeds == before && waited < heldMost {
			t.Fatalf("released after %v without a reseed", waited)
		}
		if !d.pool.Generate(reply) {
			t.Fatal("held twice for one jump")
		}
	}
	slices.Sort(waits)
	t.Logf("replies held: p50 %v, max %v", waits[len(waits)/2], waits[len(waits)-1])
	if n := d.doubts.jumps.Load(); n != 15 {
		t.Errorf("%d jumps counted", n)
	}
}

// What time daemons and calendars do is no reason to doubt.
func TestTimeDaemonsAreNoClones(t *testing.T) {
	d, moved := lonely(t, gatherers.Jitter{}.Gatherer())
	reply := make([]byte, 32)
	for _, step := range []time.Duration{0, 500 * time.Millisecond, -500 * time.Millisecond, time.Second / 2, -time.Second} {
		moved.Add(int64(step))
		if !d.pool.Generate(reply) {
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
		p.Source(prng.Policy{Name: "seedfile", Untrusted: true, GateLimit: upstreamLimit}).Add(seed, 256)
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
