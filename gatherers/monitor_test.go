package gatherers_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"prngd/gatherers"
)

// A simulated source fills a sample; i is the number of its first byte.
type simulated struct {
	name string
	fill func(i int, p []byte)
}

// each makes a source of a function of the number of a byte.
func each(name string, f func(i int) byte) simulated {
	return simulated{name, func(i int, p []byte) {
		for k := range p {
			p[k] = f(i + k)
		}
	}}
}

func badSources() []simulated {
	r := rand.New(rand.NewSource(1))
	list := []simulated{
		each("stuck at 0", func(int) byte { return 0 }),
		each("stuck at 255", func(int) byte { return 255 }),
		each("counter of 8 bits", func(i int) byte { return byte(i) }),
		each("counter of 16 bits", func(i int) byte { return byte(i / 2 >> (8 * (i % 2))) }),
		each("counter of 32 bits", func(i int) byte { return byte(i / 4 >> (8 * (i % 4))) }),
		each("counter of 64 bits", func(i int) byte { return byte(i / 8 >> (8 * (i % 8))) }),
		each("ASCII digits", func(int) byte { return byte('0' + r.Intn(10)) }),
		each("hexadecimal digits", func(int) byte { return "0123456789abcdef"[r.Intn(16)] }),
		each("two values", func(int) byte { return byte(r.Intn(2)) }),
		each("nine in ten the same", func(int) byte {
			if r.Intn(10) > 0 {
				return 7
			}
			return byte(r.Int())
		}),
		each("bits of 0 nine times in ten", func(int) (b byte) {
			for range 8 {
				b <<= 1
				if r.Intn(10) == 0 {
					b |= 1
				}
			}
			return b
		}),
		inTurn(r, "bytes of at most two bits, each as often"),
		{"the time in seconds", func(i int, p []byte) {
			for k := 0; k+8 <= len(p); k += 8 {
				binary.BigEndian.PutUint64(p[k:], 1_700_000_000+uint64(i/8+k/8))
			}
		}},
		{"a log", func(i int, p []byte) {
			copy(p, strings.Repeat("Nov 28 06:00:00 host kernel: usb 1-1: new high-speed USB device\n", 64))
		}},
	}
	for _, period := range []int{2, 3, 16, 17, 100, 255, 256} {
		block := make([]byte, period)
		r.Read(block)
		list = append(list, each("period "+strconv.Itoa(period), func(i int) byte { return block[i%period] }))
	}
	return list
}

// inTurn gives each byte of at most two bits before any comes again: the continuous
// tests find nothing, and the estimate is more than an eighth of the claim.
func inTurn(r *rand.Rand, name string) simulated {
	var values []byte
	for x := range 256 {
		if bits.OnesCount(uint(x)) <= 2 {
			values = append(values, byte(x))
		}
	}
	return each(name, func(i int) byte {
		if i%len(values) == 0 {
			r.Shuffle(len(values), func(a, b int) { values[a], values[b] = values[b], values[a] })
		}
		return values[i%len(values)]
	})
}

// source makes a gatherer of a simulated source.
func (s simulated) source(credit gatherers.Credit) gatherers.Gatherer {
	i := 0
	return gatherers.Gatherer{Name: s.name, Every: time.Minute, Credit: credit, Gather: func(context.Context) ([]byte, error) {
		p := make([]byte, 512)
		s.fill(i, p)
		i += len(p)
		return p, nil
	}}
}

// Issue 14, G8: a source without the entropy that it claims is refused within
// its start-up test, retired, and reported once; a reload tests it again.
func TestBadSourcesAreRefused(t *testing.T) {
	for _, s := range badSources() {
		synctest.Test(t, func(t *testing.T) {
			b := newBed()
			b.during(t, []gatherers.Gatherer{s.source(8)}, func() { time.Sleep(24 * time.Hour) })
			st := b.status(s.name)
			if st.State != gatherers.Retired || st.Dropped == 0 || b.counted() != 0 || b.mixed() > 1 || !st.Needed {
				t.Errorf("%s: %+v; %d bits, %d samples mixed", s.name, st, b.counted(), b.mixed())
			}
			if n := strings.Count(b.log.String(), "level=error msg=\"source retired"); n != 1 {
				t.Errorf("%s: reported %d times: %s", s.name, n, &b.log)
			}
			t.Logf("%-28s after %4d bytes: %s", s.name, 512*(b.mixed()+1), st.LastError)
			b.during(t, []gatherers.Gatherer{s.source(8)}, synctest.Wait)
			if again := b.status(s.name); again.Dropped != st.Dropped+1 || b.counted() != 0 {
				t.Errorf("%s: after a reload %+v", s.name, again)
			}
		})
	}
}

// What no start-up test can tell: a good generator with a known seed passes.
func TestGoodSourceIsCredited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		b.during(t, []gatherers.Gatherer{{Name: "good", Every: time.Minute, Credit: 0.5, Gather: random(2048)}}, func() {
			synctest.Wait()
			if s := b.status("good"); s.State != gatherers.Healthy || s.Bits != 0 || !s.Estimated || s.Estimate < 4 {
				t.Errorf("after the start-up test: %+v", s)
			}
			time.Sleep(time.Minute + time.Second)
		})
		if s := b.status("good"); s.Bits != 1024 || s.Used != 0.5 || s.Dropped != 0 || s.Needed {
			t.Errorf("%+v", s)
		}
	})
}

// A source that a test drops one sample of must pass the start-up test again;
// it is neither retired nor credited meanwhile.
func TestIntermittentFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, n, good := newBed(), 0, random(1024)
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Credit: 0.5, Gather: func(ctx context.Context) ([]byte, error) {
			n++
			p, err := good(ctx)
			if n == 3 {
				copy(p[100:], make([]byte, 61)) // RCT: 1 + 30 / 0.5
			}
			return p, err
		}}}, func() {
			time.Sleep(2*time.Minute + time.Second)
			if s := b.status("s"); s.State != gatherers.Failing || s.Dropped != 1 || s.Bits != 512 || b.mixed() != 2 {
				t.Errorf("%+v, %d samples mixed", s, b.mixed())
			}
			time.Sleep(time.Minute)
			if s := b.status("s"); s.State != gatherers.Healthy || s.Bits != 512 {
				t.Errorf("the start-up test was not taken again: %+v", s)
			}
			time.Sleep(time.Minute)
		})
		if s := b.status("s"); s.State != gatherers.Healthy || s.Bits != 1024 || s.Dropped != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// The limits between a good sample, a dropped one and a retired source, for a
// run and for a proportion, at half a bit a byte.
func TestLimitsOfRetirement(t *testing.T) {
	run := func(n int) func([]byte) { return func(p []byte) { copy(p[100:], make([]byte, n)) } }
	proportion := func(n int) func([]byte) {
		return func(p []byte) {
			for i := 0; n > 0; i++ { // never more than seven in a row
				if i%8 < 7 || i == 0 {
					p[i], n = 1, n-1
				} else {
					p[i] = 2
				}
			}
		}
	}
	for _, row := range []struct {
		name  string
		spoil func([]byte)
		state gatherers.State
	}{
		{"run of 60", run(60), gatherers.Healthy},
		{"run of 61", run(61), gatherers.Failing},
		{"run of 120", run(120), gatherers.Failing},
		{"run of 121", run(121), gatherers.Retired},
		{"421 of 512", proportion(421), gatherers.Healthy},
		{"422 of 512", proportion(422), gatherers.Failing},
		{"one fewer than retires", proportion(gatherers.APTCutoff(0.5, 60) - 1), gatherers.Failing},
		{"as many as retire", proportion(gatherers.APTCutoff(0.5, 60)), gatherers.Retired},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, n, good := newBed(), 0, random(1024)
			b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Credit: 0.5, Gather: func(ctx context.Context) ([]byte, error) {
				p, err := good(ctx)
				for i := range p {
					p[i] |= 4 // no accidental 0, 1 or 2
				}
				if n++; n == 2 {
					row.spoil(p)
				}
				return p, err
			}}}, func() {
				time.Sleep(time.Minute + time.Second)
				if s := b.status("s"); s.State != row.state {
					t.Errorf("%s: %s, want %s: %s", row.name, s.State, row.state, s.LastError)
				}
			})
		})
	}
}

// A retired source is needed where it was the only one, and not otherwise.
func TestNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		stuck := badSources()[0].source(8)
		b.during(t, []gatherers.Gatherer{
			stuck,
			{Name: "statistics", Every: time.Minute, Gather: count()},
			{Name: "foreign", Every: time.Minute, Credit: 0.5, Untrusted: true, Gather: random(1024)},
		}, func() {
			time.Sleep(5 * time.Minute)
			if !b.status(stuck.Name).Needed {
				t.Error("nothing else of this machine counts")
			}
		})
		b.during(t, []gatherers.Gatherer{stuck, {Name: "good", Every: time.Minute, Credit: 0.5, Gather: random(1024)}}, func() {
			time.Sleep(5 * time.Minute)
			if b.status(stuck.Name).Needed {
				t.Error("another one works")
			}
		})
	})
}

// The credit in force is the least of the configured one and an eighth of the
// estimate, and a drop of the estimate is seen in the next sample.
func TestCreditFollowsTheEstimate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, weak := newBed(), new(atomic.Bool)
		good, r := random(1024), rand.New(rand.NewSource(5))
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Credit: 1.0 / 64, Tested: true, Gather: func(ctx context.Context) ([]byte, error) {
			p, err := good(ctx)
			for i := range p {
				if weak.Load() && r.Intn(100) < 95 {
					p[i] = 9
				}
			}
			return p, err
		}}}, func() {
			time.Sleep(time.Second)
			if s := b.status("s"); s.Used != 1.0/64 || s.Bits != 16 || s.Estimate < 4 {
				t.Errorf("good: %+v", s)
			}
			weak.Store(true)
			time.Sleep(time.Minute)
			s := b.status("s")
			if !(s.Estimate < 0.125) || s.Used != gatherers.Credit(s.Estimate/8) || s.Bits != 16+s.Used.Bits(1024) || s.Bits >= 32 {
				t.Errorf("weak: %+v", s)
			}
		})
	})
}

// What accounts for its own entropy keeps its credit, and the estimate is shown.
func TestConditionedKeepsItsCredit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Credit: 8, Tested: true, Conditioned: true, Gather: random(1024)}}, synctest.Wait)
		if s := b.status("s"); s.Bits != 8192 || s.Used != 8 || !s.Estimated || s.Estimate > 7 {
			t.Errorf("%+v", s)
		}
	})
}

// A reload that changes the credit has the source tested again, by the new one.
func TestChangedCreditIsTestedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, good := newBed(), random(1024)
		for _, run := range []struct {
			credit gatherers.Credit
			bits   int
		}{{0.25, 256}, {0.25, 256 + 2*256}, {0.5, 256 + 2*256 + 512}} {
			b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Credit: run.credit, Gather: good}}, func() {
				time.Sleep(time.Minute + time.Second) // two samples
			})
			if s := b.status("s"); s.Bits != run.bits || s.Used != run.credit {
				t.Errorf("credit %v: %+v, want %d bits", run.credit, s, run.bits)
			}
		}
	})
}

// A drop below 1/8 bit is seen within two blocks, wherever in a block it begins.
func TestDropIsSeenWithinTwoBlocks(t *testing.T) {
	for _, from := range []int{0, 1, 300, 600, 1023} {
		synctest.Test(t, func(t *testing.T) {
			b, n, good := newBed(), 0, random(1024)
			b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Credit: 1.0 / 64, Tested: true, Gather: func(ctx context.Context) ([]byte, error) {
				p, err := good(ctx)
				if n++; n >= 3 {
					for i := range p {
						if (n > 3 || i >= from) && i%50 > 0 {
							p[i] = 9
						}
					}
				}
				return p, err
			}}}, func() {
				time.Sleep(time.Minute + time.Second)
				if s := b.status("s"); s.Estimate < 4 || s.Used != 1.0/64 {
					t.Errorf("before: %+v", s)
				}
				time.Sleep(2 * time.Minute)
				if s := b.status("s"); s.Samples != 4 || !(s.Estimate < 0.125) || !(s.Used < 1.0/64) {
					t.Errorf("two blocks after a drop at byte %d: %+v", from, s)
				}
			})
		})
	}
}

// A file has one sample: its own bytes are its start-up test.
func TestOnlySampleIsTested(t *testing.T) {
	good, _ := random(1024)(nil)
	for name, row := range map[string]struct {
		data  []byte
		bits  int
		state gatherers.State
	}{
		"good":      {good, 512, gatherers.Exhausted},
		"short":     {good[:100], 50, gatherers.Exhausted},
		"zeros":     {make([]byte, 1024), 0, gatherers.Retired},
		"few zeros": {make([]byte, 100), 0, gatherers.Failing},
		"digits":    {[]byte(strings.Repeat("31415926535", 100)), 0, gatherers.Retired},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBed()
			b.during(t, []gatherers.Gatherer{{Name: "file", Every: time.Hour, Credit: 0.5, Once: true, Gather: func(context.Context) ([]byte, error) {
				return append([]byte(nil), row.data...), nil
			}}}, synctest.Wait)
			if s := b.status("file"); s.State != row.state || s.Bits != row.bits {
				t.Errorf("%s: %+v", name, s)
			}
		})
	}
}

// A file that was replaced after it was refused is judged again.
func TestRefusedFileIsReplaced(t *testing.T) {
	good, _ := random(1024)(nil)
	data := []byte(strings.Repeat("31415926535", 100))
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		for _, want := range []struct {
			state gatherers.State
			bits  int
		}{{gatherers.Retired, 0}, {gatherers.Exhausted, 50}} {
			b.during(t, []gatherers.Gatherer{{Name: "file", Every: time.Hour, Credit: 0.5, Once: true, Gather: func(context.Context) ([]byte, error) {
				return append([]byte(nil), data...), nil
			}}}, synctest.Wait)
			if s := b.status("file"); s.State != want.state || s.Bits != want.bits {
				t.Errorf("%+v, want %+v", s, want)
			}
			data = good[:100]
		}
	})
}

// Each estimator finds what it is for, and none finds much amiss in good bytes.
// The bounds are those of SP 800-90B 6.3.1 and 6.3.2, worked out by hand.
func TestEstimate(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	fill := func(f func(i int) byte) []byte {
		p := make([]byte, 1024)
		for i := range p {
			p[i] = f(i)
		}
		return p
	}
	for _, row := range []struct {
		name     string
		data     []byte
		low, top float64
	}{
		{"good", fill(func(int) byte { return byte(r.Int()) }), 4.5, 7},
		{"one value", make([]byte, 1024), 0, 0},
		// p = 512/1024, upper bound 0.5 + 2.576 * 0.5 / sqrt(1023) = 0.54027: 0.888 bits.
		{"half one value", halfOf(r, 85), 0.888, 0.889},
		{"period 256", fill(func(i int) byte { return byte(i * 77) }), 0, 0},
		// Bits of probability 3/4: 8 * 0.415 = 3.32 bits, less the confidence.
		{"biased bits", fill(func(int) (b byte) {
			for range 8 {
				b <<= 1
				if r.Intn(4) > 0 {
					b |= 1
				}
			}
			return b
		}), 1.5, 3.4},
	} {
		if h, known := gatherers.Estimate(row.data); !known || h < row.low || h > row.top {
			t.Errorf("%s: %.3f bits, %v; want %v to %v", row.name, h, known, row.low, row.top)
		}
	}
	if _, known := gatherers.Estimate(make([]byte, 1023)); known {
		t.Error("less than a block was estimated")
	}
	bad := append(fill(func(int) byte { return byte(r.Int()) }), make([]byte, 1024)...)
	if h, _ := gatherers.Estimate(bad); h != 0 {
		t.Errorf("good block, then a bad one: %v", h)
	}
	if h, _ := gatherers.Estimate(append(make([]byte, 1024), bad[:1024]...)); h != 0 {
		t.Errorf("bad block, then a good one: %v", h)
	}
	if h, _ := gatherers.Estimate(bad[:2047]); h < 4 {
		t.Errorf("what is left over was looked at: %v", h)
	}
}

// Each of the three estimators is the least for something.
func TestLeastEstimator(t *testing.T) {
	r := rand.New(rand.NewSource(6))
	doubled := make([]byte, 1024)
	for i := range doubled { // each bit twice: 16 bytes, evenly
		for k := range 4 {
			doubled[i] |= byte(r.Intn(2)) * 3 << (2 * k)
		}
	}
	counter := make([]byte, 1024)
	for i := range counter {
		counter[i] = byte(i * 77)
	}
	for least, data := range [][]byte{halfOf(r, 85), doubled, counter} {
		all := gatherers.Estimates(data)
		h, _ := gatherers.Estimate(data)
		for i, x := range all {
			if i != least && x <= all[least] || h != all[least] {
				t.Errorf("estimates %v, least is to be number %d; used %v", all, least, h)
			}
		}
	}
}

// halfOf returns a block in which half of the bytes, somewhere, are x.
func halfOf(r *rand.Rand, x byte) []byte {
	p := make([]byte, 1024)
	for i, k := range r.Perm(len(p)) {
		p[k] = x
		if i%2 == 0 {
			p[k] = byte(i / 2)
		}
		if i%2 == 0 && p[k] == x {
			p[k]++
		}
	}
	return p
}

// Eight bytes at a time, and those left over.
func TestEqualBytes(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for n := range 40 {
		for range 50 {
			a, b, want := make([]byte, n), make([]byte, n), 0
			for i := range a {
				a[i], b[i] = "\x00\x01\x7f\x80\x81\xff"[r.Intn(6)], "\x00\x01\x7f\x80\x81\xff"[r.Intn(6)]
				if a[i] == b[i] {
					want++
				}
			}
			if got := gatherers.EqualBytes(a, b); got != want {
				t.Errorf("% x and % x: %d equal, want %d", a, b, got, want)
			}
		}
	}
}

// Good data raises no alarm. HEALTH_BLOCKS=1000000 takes half an hour; short by
// default. A block is a start-up test and 1,024 bytes of the continuous tests.
func TestFalseAlarms(t *testing.T) {
	blocks := 300
	if n, err := strconv.Atoi(os.Getenv("HEALTH_BLOCKS")); err == nil {
		blocks = n
	}
	var seed [32]byte
	r := rand.New(rand.NewSource(int64(len(seed))))
	dropped, lowest := 0, math.Inf(1)
	buf := make([]byte, 1024)
	for _, credit := range []gatherers.Credit{8, 0.5} {
		watch := gatherers.NewWatch(credit)
		for range blocks / 2 {
			r.Read(buf)
			h, err := watch(buf)
			lowest = min(lowest, h)
			var failure *gatherers.HealthError
			if errors.As(err, &failure) {
				dropped++
				t.Errorf("credit %v: %v", credit, err)
			}
		}
	}
	t.Logf("%d blocks, %d dropped, lowest estimate %.2f bits", blocks, dropped, lowest)
}
