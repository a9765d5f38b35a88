package sources

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"prngd/gatherers"
	"prngd/internal/change"
	"prngd/internal/control"
	"prngd/internal/credit"
	"prngd/internal/prng"
)

// bubble is a machine on which time passes by itself.
type bubble struct {
	*Sources
	t        *testing.T
	moved    atomic.Int64 // of the wall clock against the monotonic one, ns
	reseeded atomic.Int32 // times that the kernel's generator was reseeded
}

// play runs f on a seeded machine with these gatherers.
func play(t *testing.T, f func(b *bubble), list ...gatherers.Gatherer) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t: t}
		start := time.Now()
		b.Sources = New(Options{Log: quiet(), ReseedKernel: func(seed []byte) error {
			if len(seed) != 32 { // 8 bits are counted for each, and there are 256
				t.Errorf("the kernel is given %d bytes", len(seed))
			}
			b.reseeded.Add(1)
			return nil
		}})
		b.clones.generation, b.list = nil, list
		g, err := prng.New(prng.Env{
			Clocks: func() (real, mono int64) {
				elapsed := time.Since(start)
				return int64(elapsed) + b.moved.Load(), int64(elapsed)
			},
			Event: b.Event,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		b.Attach(g)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			go b.feed(ctx)
			go b.kickUntilSeeded(ctx)
			go b.watchClocks(ctx)
			b.watchClones(ctx)
		}()
		g.Source(prng.Policy{Name: "start"}).Add(bytes.Repeat([]byte{1}, 64), 512)
		time.Sleep(time.Minute) // all that starts has started
		synctest.Wait()
		f(b)
		cancel()
		<-done
		time.Sleep(time.Minute) // for samples under way
	})
}

// jump moves the wall clock.
func (b *bubble) jump(by time.Duration) { b.moved.Add(int64(by)) }

// held returns how long replies wait, which must be for d.
func (b *bubble) heldFor(want time.Duration) {
	b.t.Helper()
	began := time.Now()
	for b.generator.State() != prng.Seeded {
		changed := b.generator.Changed()
		select {
		case <-changed:
		case <-time.After(time.Minute):
			b.t.Fatalf("%v for a minute", b.generator.State())
		}
	}
	if got := time.Since(began); got != want {
		b.t.Errorf("held for %v, expected %v", got, want)
	}
}

func (b *bubble) generate() bool { return b.generator.Generate(make([]byte, 32)) }

// burst is a gatherer whose samples take that long and count for so many bits.
func burst(name string, takes time.Duration, bits int) gatherers.Gatherer {
	n := uint32(0)
	return gatherers.Gatherer{
		Name: name, Every: time.Hour, Credit: gatherers.Credit(float64(bits) / 64), Tested: true,
		Gather: func(ctx context.Context) ([]byte, error) {
			time.Sleep(takes)
			n++
			return binary.BigEndian.AppendUint32(make([]byte, 60), n), nil
		},
	}
}

func failing(name string) gatherers.Gatherer {
	return gatherers.Gatherer{
		Name: name, Every: time.Hour, Credit: 8, Tested: true,
		Gather: func(context.Context) ([]byte, error) { return nil, errors.New("unhealthy") },
	}
}

const jitterTime = 31 * time.Millisecond

// G1, G10, B6: after a jump of the clocks not a byte leaves before two bursts of
// noise, begun after it, are in; kernel bytes end nothing where noise works.
func TestClockJumpHoldsReplies(t *testing.T) {
	play(t, func(b *bubble) {
		for i := range 15 {
			before := b.generator.Stats().Reseeds
			b.jump(time.Hour)
			if b.generate() {
				t.Fatal("a reply left before the reseed")
			}
			b.heldFor(2 * jitterTime)
			synctest.Wait()
			if st := b.generator.Stats(); st.Reseeds != before+1 || st.Unsettled != prng.NoEvent {
				t.Fatalf("%d reseeds, unsettled %v", st.Reseeds-before, st.Unsettled)
			}
			if !b.generate() {
				t.Fatal("held twice for one jump")
			}
			if n := b.clones.jumps.Load(); n != uint64(i+1) || int(b.reseeded.Load()) != i+1 {
				t.Errorf("jump %d: %d counted, kernel reseeded %d times", i+1, n, b.reseeded.Load())
			}
			time.Sleep(time.Second)
		}
	}, burst("jitter", jitterTime, 256), burst("kernel", 0, 512))
}

// G1: where no source of independent noise works a hold is bounded, and ends with
// what the kernel gives, and the report says so until noise has come.
func TestHoldWithoutNoise(t *testing.T) {
	for _, row := range []struct {
		name    string
		list    []gatherers.Gatherer
		reseeds uint64
	}{
		{"kernel alone", []gatherers.Gatherer{burst("kernel", 0, 512)}, 1},
		{"unhealthy noise", []gatherers.Gatherer{failing("jitter"), burst("kernel", 0, 512)}, 1},
		{"nothing", nil, 0},
	} {
		play(t, func(b *bubble) {
			before := b.generator.Stats().Reseeds
			b.jump(time.Hour)
			if b.generate() {
				t.Fatalf("%s: a reply left", row.name)
			}
			b.heldFor(500 * time.Millisecond)
			st := b.generator.Stats()
			if st.Reseeds != before+row.reseeds || st.Unsettled != prng.Jumped || b.reseeded.Load() != 0 {
				t.Errorf("%s: %d reseeds, unsettled %v, kernel reseeded %d times", row.name, st.Reseeds-before, st.Unsettled, b.reseeded.Load())
			}
			var r control.Report
			if b.Report(&r); r.Generator.Unsettled == "" {
				t.Errorf("%s: the report says nothing", row.name)
			}
		}, row.list...)
	}
}

// After a hold that ended without independent noise the sources are asked again,
// long before their next sample is due, until noise has come. G22: then the kernel's
// generator is reseeded as well.
func TestNoiseAfterTheHold(t *testing.T) {
	var works atomic.Bool
	noise := burst("jitter", jitterTime, 256)
	gather := noise.Gather
	noise.Gather = func(ctx context.Context) ([]byte, error) {
		if !works.Load() {
			return nil, errors.New("unhealthy")
		}
		return gather(ctx)
	}
	play(t, func(b *bubble) {
		b.jump(time.Hour)
		b.generate()
		b.heldFor(500 * time.Millisecond)
		before := b.generator.Stats().Reseeds
		works.Store(true)
		time.Sleep(2*settleEvery + 2*watchEvery)
		if st := b.generator.Stats(); st.Unsettled != prng.NoEvent || st.Reseeds == before || b.reseeded.Load() != 1 {
			t.Errorf("unsettled %v, %d reseeds, the kernel's generator %d times", st.Unsettled, st.Reseeds-before, b.reseeded.Load())
		}
	}, noise, burst("kernel", 0, 512))
}

// One that never works is asked every 30 s, no more often.
func TestPaceAfterTheHold(t *testing.T) {
	var asked atomic.Int32
	noise := failing("jitter")
	gather := noise.Gather
	noise.Gather = func(ctx context.Context) ([]byte, error) {
		asked.Add(1)
		return gather(ctx)
	}
	play(t, func(b *bubble) {
		b.jump(time.Hour)
		b.generate()
		b.heldFor(500 * time.Millisecond)
		asked.Store(0)
		time.Sleep(20*settleEvery + watchEvery)
		if n := asked.Load(); n < 19 || n > 22 {
			t.Errorf("asked %d times in 20 times 30 s", n)
		}
	}, noise, burst("kernel", 0, 512))
}

// counted is a generation that a test changes.
type counted struct{ now, last [16]byte }

func (c *counted) Value() [16]byte { return c.last }

func (c *counted) Device() *os.File { return nil }

func (c *counted) Changed() bool {
	changed := c.now != c.last
	c.last = c.now
	return changed
}

// A new generation holds replies as a clone's, and is mixed.
func TestNewGenerationHolds(t *testing.T) {
	play(t, func(b *bubble) {
		if !b.generate() {
			t.Fatal("held before anything happened")
		}
		c := &counted{now: [16]byte{7}}
		b.clones.generation = c
		if b.generate() {
			t.Error("a reply left")
		}
		if event, _ := b.generator.Held(); event != prng.Cloned || b.clones.clones.Load() != 1 {
			t.Errorf("%v holds, %d clones seen", event, b.clones.clones.Load())
		}
		b.heldFor(2 * jitterTime)
		if id := b.clones.id.Load(); id == nil || *id != c.now {
			t.Errorf("the generation to be mixed is %v", id)
		}
		for _, s := range b.generator.Stats().Sources {
			if s.Name == credit.Generation().Name && (s.CreditedBits != 0 || s.Samples == 0) {
				t.Errorf("a number that is no secret counts: %+v", s)
			}
		}
	}, burst("jitter", jitterTime, 256))
}

// A source that works is waited for, though it is slow; one that never answers
// is given up after 5 s.
func TestSlowNoise(t *testing.T) {
	kernel := burst("kernel", 0, 512)
	play(t, func(b *bubble) {
		b.jump(time.Hour)
		b.generate()
		b.heldFor(2 * 2 * time.Second)
		if st := b.generator.Stats(); st.Unsettled != prng.NoEvent {
			t.Errorf("unsettled %v", st.Unsettled)
		}
	}, burst("jitter", 2*time.Second, 256), kernel)
	play(t, func(b *bubble) {
		b.jump(time.Hour)
		b.generate()
		b.heldFor(5 * time.Second)
		if st := b.generator.Stats(); st.Unsettled != prng.Jumped {
			t.Errorf("unsettled %v", st.Unsettled)
		}
	}, burst("jitter", 20*time.Second, 256), kernel)
}

// A clone without any source stays silent, and goes on with the first noise.
func TestCloneWithoutSources(t *testing.T) {
	play(t, func(b *bubble) {
		b.cloned()
		time.Sleep(time.Hour)
		if b.generate() || b.clones.clones.Load() != 1 {
			t.Fatal("a clone without a source answers")
		}
		b.generator.Source(credit.Gatherer(&gatherers.Gatherer{Name: "jitter"})).Add(make([]byte, 64), 320)
		if !b.generate() {
			t.Fatal("320 bits of noise are not enough")
		}
	})
}

// G10, B6: the timer of an old jump does not release the hold of a clone.
func TestOldTimerReleasesNothing(t *testing.T) {
	play(t, func(b *bubble) {
		b.jump(time.Hour)
		b.generate()
		time.Sleep(holdTime - time.Millisecond)
		b.cloned()
		time.Sleep(2 * time.Millisecond)
		if event, _ := b.generator.Held(); event != prng.Cloned {
			t.Fatalf("after the old timer %v holds", event)
		}
		b.heldFor(holdTime - 2*time.Millisecond)
	}, failing("jitter"), burst("kernel", 0, 512))
}

// egdquery reseed: as after a clone.
func TestReseed(t *testing.T) {
	play(t, func(b *bubble) {
		began := time.Now()
		if err := b.Reseed(b.t.Context()); err != nil || time.Since(began) != 2*jitterTime {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	}, burst("jitter", jitterTime, 256), burst("kernel", 0, 512))
	play(t, func(b *bubble) {
		if err := b.Reseed(b.t.Context()); err != nil {
			t.Errorf("kernel alone: %v", err)
		}
	}, burst("kernel", 0, 512))
	play(t, func(b *bubble) {
		if err := b.Reseed(b.t.Context()); !change.IsLater(err) {
			t.Errorf("reseeded from nothing: %v, expected that it may work later", err)
		}
	})
}

// G2: a jump of 2 s is seen, however long nothing was generated or sampled, and
// before the first output as well.
func TestJumpAfterIdleHours(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Minute, 8 * time.Hour} {
		for _, by := range []time.Duration{2 * time.Second, -2 * time.Second, 48 * time.Minute} {
			play(t, func(b *bubble) {
				time.Sleep(idle)
				b.jump(by)
				if b.generate() {
					t.Errorf("idle for %v, jump of %v: a reply left", idle, by)
				}
				b.heldFor(2 * jitterTime)
				b.jump(by)
				time.Sleep(watchEvery + 2*jitterTime)
				if n := b.clones.jumps.Load(); n != 2 {
					t.Errorf("idle for %v, jump of %v: %d seen with nobody asking", idle, by, n)
				}
			}, burst("jitter", jitterTime, 256))
		}
	}
}

// What time daemons and calendars do is no event.
func TestTimeDaemonsAreNoClones(t *testing.T) {
	play(t, func(b *bubble) {
		for _, step := range []time.Duration{0, 500 * time.Millisecond, -500 * time.Millisecond, time.Second / 2, -time.Second} {
			if b.jump(step); !b.generate() {
				t.Errorf("a step of %v held replies", step)
			}
		}
		for range 600 { // chrony's fastest slew, 83333 ppm
			time.Sleep(time.Second)
			b.jump(83333 * time.Microsecond)
		}
		if n := b.clones.jumps.Load(); n != 0 {
			t.Errorf("a fast slew was taken for %d jumps", n)
		}
	}, burst("jitter", jitterTime, 256))
}

// G9: a sample that was begun before an event does not end its hold.
func TestSampleFromBefore(t *testing.T) {
	play(t, func(b *bubble) {
		b.Kick()
		time.Sleep(jitterTime - time.Millisecond)
		b.jump(time.Hour)
		b.generate()
		b.heldFor(time.Millisecond + 2*jitterTime)
	}, burst("jitter", jitterTime, 256))
}

// Only the kernel's own words tell of a clone.
func TestTellsOfClone(t *testing.T) {
	for record, want := range map[string]bool{
		"5,1234,9876543,-;random: crng reseeded due to virtual machine fork\n":           true,
		"5,1234,9876543,-,caller=T1;random: crng reseeded due to virtual machine fork\n": true,
		"13,1234,9876543,-;random: crng reseeded due to virtual machine fork\n":          false, // a process
		"5,1234,9876543,-;random: crng init done\n":                                      false,
		"random: crng reseeded due to virtual machine fork":                              false,
		"": false,
	} {
		if tellsOfClone([]byte(record)) != want {
			t.Errorf("%q: %v", record, !want)
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

// What the kernel's generator was given does not stay in memory.
func TestKernelIsGivenOutput(t *testing.T) {
	var given []byte
	s := fed(t, Options{Log: quiet(), ReseedKernel: func(b []byte) error {
		if given = b; bytes.Equal(b, make([]byte, kernelSeed)) {
			t.Error("the kernel is given zeros")
		}
		return nil
	}})
	s.generator.Source(prng.Policy{Name: "start"}).Add(bytes.Repeat([]byte{1}, 64), 512)
	s.reseedKernel()
	if !bytes.Equal(given, make([]byte, kernelSeed)) {
		t.Errorf("left in memory: %x", given)
	}
}
