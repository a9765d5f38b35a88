package gatherers_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
)

// bed is a Runner with the pool's side of the door, and its log.
type bed struct {
	*gatherers.Runner
	log  lockedBuffer
	mu   sync.Mutex
	mix  []string // the samples, in order of arrival
	bits int
}

// mixed is how many samples have come.
func (b *bed) mixed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.mix)
}

// counted is what they counted for, in bits.
func (b *bed) counted() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bits
}

// lockedBuffer is a log that is read while an overdue sample may still be reported.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) Len() int { return len(b.String()) }

func newBed() *bed {
	b := new(bed)
	log := logrus.New()
	log.SetOutput(&b.log)
	log.SetFormatter(&logrus.TextFormatter{DisableTimestamp: true, DisableColors: true})
	b.Runner = gatherers.NewRunner(func(_ *gatherers.Gatherer, data []byte, bits int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.mix = append(b.mix, string(data))
		b.bits += bits
	}, log)
	return b
}

// during runs the list in a bubble of fake time, calls script, and stops.
func (b *bed) during(t *testing.T, list []gatherers.Gatherer, script func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { b.Run(ctx, list); close(done) }()
	script()
	stop()
	<-done
}

func (b *bed) status(name string) gatherers.Status {
	for _, s := range b.Stats() {
		if s.Name == name {
			return s
		}
	}
	return gatherers.Status{}
}

// count returns a Gather of ever different eight-byte samples.
func count() func(context.Context) ([]byte, error) {
	n := byte(0)
	return func(context.Context) ([]byte, error) {
		n++
		return []byte{1, 2, 3, 4, 5, 6, 7, n}, nil
	}
}

// times returns a Gather that notes the seconds at which it is called.
func times(gather func(context.Context) ([]byte, error)) (func(context.Context) ([]byte, error), *[]int) {
	start, seconds := time.Now(), new([]int)
	return func(ctx context.Context) ([]byte, error) {
		*seconds = append(*seconds, int(time.Since(start)/time.Second))
		return gather(ctx)
	}, seconds
}

func TestFirstRoundIsParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		var met sync.WaitGroup
		met.Add(3)
		meet := func(context.Context) ([]byte, error) {
			met.Done()
			met.Wait() // one after the other, they would wait for ever
			return []byte("met"), nil
		}
		b.during(t, []gatherers.Gatherer{
			{Name: "a", Every: time.Minute, Gather: meet},
			{Name: "b", Every: time.Hour, Gather: meet},
			{Name: "c", Every: time.Second, Gather: meet},
		}, func() {
			synctest.Wait()
			if len(b.mix) != 3 {
				t.Errorf("%d samples at second 0, want 3", len(b.mix))
			}
		})
	})
}

func TestTicksAreAligned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, at := times(func(context.Context) ([]byte, error) {
			time.Sleep(3 * time.Second)
			return []byte("slow"), nil
		})
		b := newBed()
		b.during(t, []gatherers.Gatherer{{Name: "slow", Every: 10 * time.Second, Gather: slow}}, func() {
			time.Sleep(35 * time.Second)
		})
		if want := []int{0, 10, 20, 30}; !slices.Equal(*at, want) {
			t.Errorf("sampled at %v, want %v", *at, want)
		}
	})
}

func TestNoTimerBelowASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gather, at := times(count())
		b := newBed()
		b.during(t, []gatherers.Gatherer{{Name: "eager", Gather: gather}}, func() {
			time.Sleep(9*time.Second + time.Millisecond)
		})
		if len(*at) != 10 {
			t.Errorf("%d samples in 9 seconds, want 10", len(*at))
		}
	})
}

func TestHungGathererDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		release := make(chan struct{})
		b.during(t, []gatherers.Gatherer{
			{Name: "hung", Every: 10 * time.Second, Credit: 1, Gather: func(context.Context) ([]byte, error) {
				<-release // deaf to its context
				return []byte("late"), nil
			}},
			{Name: "other", Every: 10 * time.Second, Gather: count()},
		}, func() {
			time.Sleep(time.Hour)
			synctest.Wait()
			if s := b.status("hung"); s.State != gatherers.Hung || s.LastError != "no sample within 10s" {
				t.Errorf("hung: %+v", s)
			}
			if s := b.status("other"); s.Samples != 361 {
				t.Errorf("other: %d samples in an hour, want 361", s.Samples)
			}
			close(release)
			synctest.Wait()
			if s := b.status("hung"); s.State != gatherers.Failing || s.Samples != 0 || b.bits != 0 {
				t.Errorf("a late sample counted: %+v", s)
			}
		})
		if got := strings.Count(b.log.String(), "source fails"); got != 1 {
			t.Errorf("reported %d times:\n%s", got, &b.log)
		}
	})
}

func TestRunAbandonsTheHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		release := make(chan struct{})
		g := gatherers.Gatherer{Name: "hung", Every: time.Hour, Gather: func(context.Context) ([]byte, error) {
			<-release
			return []byte("much too late"), nil
		}}
		var stopped time.Time
		b.during(t, []gatherers.Gatherer{g}, func() { time.Sleep(time.Second); stopped = time.Now() })
		if d := time.Since(stopped); d > 100*time.Millisecond {
			t.Errorf("Run returned after %v", d)
		}
		close(release)
		synctest.Wait()
		if len(b.mix) != 0 {
			t.Error("a sample was added after Run had returned")
		}
	})
}

func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		var cured atomic.Bool
		gather, at := times(func(context.Context) ([]byte, error) {
			if !cured.Load() {
				return nil, errors.New("no such thing today")
			}
			return []byte("fine"), nil
		})
		b.during(t, []gatherers.Gatherer{{Name: "ill", Every: 10 * time.Second, Gather: gather}}, func() {
			time.Sleep(9000 * time.Second)
			cured.Store(true)
			time.Sleep(3325 * time.Second)
		})
		want := []int{0, 10, 30, 70, 150, 310, 630, 1270, 2550, 5110, 8710, 12310}
		if got := (*at)[:len(want)]; !slices.Equal(got, want) {
			t.Errorf("tried at %v, want %v", got, want)
		}
		if s := b.status("ill"); s.State != gatherers.Healthy || s.Errors != 11 || s.Samples != 2 || s.LastError == "" {
			t.Errorf("%+v", s)
		}
		want2 := "level=warning msg=\"source fails\" error=\"no such thing today\" source=ill\n" +
			"level=info msg=\"source works again\" source=ill\n"
		if b.log.String() != want2 {
			t.Errorf("log:\n%swant:\n%s", &b.log, want2)
		}
	})
}

func TestUnsupportedRetires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		absent := func(context.Context) ([]byte, error) { return nil, errors.ErrUnsupported }
		swap, swapAt := times(absent)
		kernel, kernelAt := times(absent)
		b.during(t, []gatherers.Gatherer{
			{Name: "swap", Every: 10 * time.Second, Gather: swap},
			{Name: "kernel", Every: 600 * time.Second, Credit: 8, Gather: kernel},
		}, func() {
			time.Sleep(1900 * time.Second)
			if b.status("swap").State != gatherers.Absent || b.status("kernel").State != gatherers.Absent {
				t.Errorf("%+v", b.Stats())
			}
		})
		if !slices.Equal(*swapAt, []int{0}) || !slices.Equal(*kernelAt, []int{0, 600, 1200, 1800}) {
			t.Errorf("swap asked at %v, kernel at %v", *swapAt, *kernelAt)
		}
		if b.log.Len() != 0 {
			t.Errorf("not quiet:\n%s", &b.log)
		}
	})
}

// A source that has worked is supported: that it is not, later, is a failure.
func TestUnsupportedLaterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, n := newBed(), 0
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Gather: func(context.Context) ([]byte, error) {
			if n++; n > 1 {
				return nil, errors.ErrUnsupported
			}
			return []byte("sample"), nil
		}}}, func() { time.Sleep(time.Minute + time.Second) })
		if s := b.status("s"); s.State != gatherers.Failing || s.Errors != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestEmptySampleIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute,
			Gather: func(context.Context) ([]byte, error) { return nil, nil }}}, synctest.Wait)
		if s := b.status("s"); s.State != gatherers.Failing || s.LastError != "empty sample" {
			t.Errorf("%+v", s)
		}
	})
}

// What may not count is not remembered as a sample that did.
func TestUncreditedIsNoRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, n := newBed(), 0
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute, Credit: 8, Tested: true, Gather: func(context.Context) ([]byte, error) {
			if n++; n < 3 {
				return []byte("the same"), gatherers.Uncredited("not yet")
			}
			return []byte("the same"), nil
		}}}, func() {
			time.Sleep(time.Minute + time.Second)
			if s := b.status("s"); s.Samples != 2 || s.Repeats != 0 || s.Used != 0 {
				t.Errorf("uncredited: %+v", s)
			}
			time.Sleep(time.Minute)
		})
		if s := b.status("s"); s.Samples != 3 || s.Bits != 64 {
			t.Errorf("credited: %+v", s)
		}
	})
}

// A device that plays a loop of good bytes earns each part of it once.
func TestLoopOf64EarnsOnce(t *testing.T) {
	for _, c := range []struct{ loop, counted int }{{64, 63}, {65, 597}} {
		synctest.Test(t, func(t *testing.T) {
			b, n := newBed(), 0
			parts := make([][]byte, c.loop)
			for i, next := 0, random(1024); i < c.loop; i++ {
				parts[i], _ = next(nil)
			}
			b.during(t, []gatherers.Gatherer{{
				Name: "loop", Every: time.Second, Credit: 0.5,
				Gather: func(context.Context) ([]byte, error) {
					n++
					return slices.Clone(parts[n%c.loop]), nil
				},
			}}, func() { time.Sleep(597*time.Second + time.Millisecond) })
			if len(b.mix) != 598 || b.bits != c.counted*512 {
				t.Errorf("loop of %d: %d samples, %d bits, want 598, %d", c.loop, len(b.mix), b.bits, c.counted*512)
			}
		})
	}
}

func TestKick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		credited, creditedAt := times(count())
		ill, illAt := times(func(context.Context) ([]byte, error) { return nil, errors.New("ill") })
		other, otherAt := times(count())
		b.during(t, []gatherers.Gatherer{
			{Name: "credited", Every: 600 * time.Second, Credit: 8, Tested: true, Gather: credited},
			{Name: "ill", Every: 600 * time.Second, Credit: 8, Gather: ill},
			{Name: "other", Every: 600 * time.Second, Gather: other},
		}, func() {
			time.Sleep(100 * time.Second)
			b.Kick()
			time.Sleep(550 * time.Second)
		})
		if !slices.Equal(*creditedAt, []int{0, 100, 600}) || !slices.Equal(*illAt, []int{0, 100}) ||
			!slices.Equal(*otherAt, []int{0, 600}) {
			t.Errorf("credited at %v, ill at %v, other at %v", *creditedAt, *illAt, *otherAt)
		}
	})
}

func TestRelaxedWhileAnotherIsHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		var gone atomic.Bool
		next := count()
		jitter, at := times(func(ctx context.Context) ([]byte, error) {
			time.Sleep(60 * time.Millisecond) // what a burst takes
			return next(ctx)
		})
		b.during(t, []gatherers.Gatherer{
			{Name: "kernel", Every: 600 * time.Second, Credit: 8, Gather: func(context.Context) ([]byte, error) {
				if gone.Load() {
					return nil, errors.New("gone")
				}
				return []byte("kernel"), nil
			}, Tested: true},
			{Name: "jitter", Every: 600 * time.Second, Relaxed: 3600 * time.Second, Credit: 1, Tested: true, Gather: jitter},
		}, func() {
			time.Sleep(3000 * time.Second)
			gone.Store(true)
			time.Sleep(2000 * time.Second)
		})
		if want := []int{0, 3600, 4200, 4800}; !slices.Equal(*at, want) {
			t.Errorf("sampled at %v, want %v", *at, want)
		}
	})
}

func TestPanicIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		b.during(t, []gatherers.Gatherer{{Name: "library", Every: time.Minute,
			Gather: func(context.Context) ([]byte, error) { panic("index out of range") }}}, synctest.Wait)
		if s := b.status("library"); s.State != gatherers.Failing || s.LastError != "panic: index out of range" {
			t.Errorf("%+v", s)
		}
	})
}

func TestReloadForgetsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed()
		list := func() []gatherers.Gatherer {
			return []gatherers.Gatherer{
				{Name: "file", Every: time.Minute, Credit: 8, Once: true, Gather: count()},
				{Name: "loop", Every: time.Minute, Credit: 8, Tested: true, Gather: count()},
			}
		}
		for range 3 {
			b.during(t, list(), synctest.Wait)
		}
		if s := b.status("file"); s.Samples != 1 || s.Bits != 64 || s.State != gatherers.Exhausted {
			t.Errorf("%+v", s)
		}
		if s := b.status("loop"); s.Samples != 3 || s.Bits != 64 || s.Repeats != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// G11: a sample that comes after the end of the run is cleared as well.
func TestAbandonedSamplesAreCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, secret, release := newBed(), []byte("secret"), make(chan struct{})
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute,
			Gather: func(context.Context) ([]byte, error) { <-release; return secret, nil }}}, synctest.Wait)
		close(release)
		synctest.Wait()
		if len(b.mix) != 0 || !bytes.Equal(secret, make([]byte, 6)) {
			t.Errorf("mixed %q, left %q", b.mix, secret)
		}
	})
}

func TestSamplesAreCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, secret := newBed(), []byte("secret")
		b.during(t, []gatherers.Gatherer{{Name: "s", Every: time.Minute,
			Gather: func(context.Context) ([]byte, error) { return secret, nil }}}, synctest.Wait)
		if !slices.Equal(b.mix, []string{"secret"}) || !bytes.Equal(secret, make([]byte, 6)) {
			t.Errorf("mixed %q, left %q", b.mix, secret)
		}
	})
}
