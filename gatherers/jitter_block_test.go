package gatherers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is touched: as often as said, all over the buffer, elsewhere each time.
func TestTouches(t *testing.T) {
	now := int64(0)
	b, err := newSampleBlock(func() int64 { now += 100; return now }, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer b.free()
	touched := func(touches, n int) (words []uint32) {
		clear(b.buffer)
		if err := b.run(context.Background(), touches, n); err != nil {
			t.Fatal(err)
		}
		return append(words, b.buffer...)
	}
	for _, touches := range []int{1, 64} {
		first, second := touched(touches, 4096), touched(touches, 4096)
		sum, places, same := uint32(0), 0, 0
		var quarters [4]int
		for i, n := range first {
			sum += n
			if n > 0 {
				places++
				quarters[4*i/len(first)]++
			}
			if n > 0 && second[i] > 0 {
				same++
			}
		}
		if want := uint32(13 * touches * 4096); sum != want {
			t.Errorf("%d touches: %d increments of 13, want %d", touches, sum/13, want/13)
		}
		// Of 262,144 words, drawn at random.
		if least := min(4000*touches, 160_000); places < least {
			t.Errorf("%d touches: %d words, at least %d expected", touches, places, least)
		}
		for q, n := range quarters {
			if n < places/5 {
				t.Errorf("%d touches: %d of %d words in quarter %d", touches, n, places, q)
			}
		}
		if touches == 1 && same > places/2 {
			t.Errorf("%d of %d words were touched by the next run as well", same, places)
		}
	}
}

// A replay touches the same words again.
func TestReplayTouchesTheSame(t *testing.T) {
	now := int64(0)
	b, err := newSampleBlock(func() int64 { now += 100; return now }, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer b.free()
	clear(b.buffer)
	if err := b.run(context.Background(), 3, statWindow); err != nil {
		t.Fatal(err)
	}
	first := append([]uint32(nil), b.buffer...)
	if err := b.replay(context.Background(), 3); err != nil {
		t.Fatal(err)
	}
	for i, n := range b.buffer {
		if n != 2*first[i] {
			t.Fatalf("word %d: %d, then %d", i, first[i], n)
		}
	}
}

// A small buffer gives a sample of four bursts, XORed; all must pass.
func TestSmallBufferIsFolded(t *testing.T) {
	const trial, fold, folds = 1 + tickReads + trialSamples, readingsOfFold, 4
	// Something only the health tests see: 100 symbols in a row behind what is replayed.
	const badFrom, badTo = 1 + tickReads + 5000, 1 + tickReads + 5100
	noise := func(seed int64) func() int64 {
		r := rand.New(rand.NewSource(seed))
		return func() int64 { return 60 + r.Int63n(340) }
	}
	sample := func(bad int) ([]byte, int, error) {
		now, readings, next := int64(0), 0, noise(1)
		s := newSampler(Jitter{Buffer: smallBuffer / 2048, Touches: []int{1}, Clock: func() int64 {
			delta := next()
			if at := readings - trial - bad*fold; bad >= 0 && badFrom <= at && at < badTo {
				delta = 100
			}
			now += delta
			readings++
			return now
		}})
		data, err := s.gather(t.Context())
		if err != nil && !bytes.Equal(s.out, make([]byte, burstSamples)) {
			t.Errorf("burst %d is broken: those before it are kept", bad)
		}
		return data, readings, err
	}
	data, readings, err := sample(-1)
	if err != nil || len(data) != burstSamples || readings != trial+folds*fold {
		t.Fatalf("%d bytes of %d readings, %v; want %d", len(data), readings, err, trial+folds*fold)
	}
	// The same clock by hand: symbols are deltas of 1 ns, rotated by 0, 2, 4, 6.
	next, want := noise(1), make([]byte, burstSamples)
	for range trial {
		next()
	}
	for i := range folds {
		for range 1 + tickReads {
			next()
		}
		for k := range want {
			want[k] ^= bits.RotateLeft8(byte(next()), 2*i)
		}
		for range 1 + statWindow {
			next()
		}
	}
	if string(want) != string(data) {
		t.Error("the bursts are not folded as docs/entropy.md says")
	}
	for bad := range folds {
		if data, _, err := sample(bad); err == nil || len(data) > 0 {
			t.Errorf("burst %d is broken: %d bytes, %v", bad, len(data), err)
		}
	}
}

// All that is below 32 MiB is small: it is folded, and 64 touches are not tried.
func TestWhatIsSmall(t *testing.T) {
	for _, row := range []struct {
		size, folds int
		candidates  []int
	}{
		{smallBuffer, 4, []int{256, 1024}},
		{largeBuffer / 2, 4, []int{256, 1024}},
		{largeBuffer, 1, []int{64, 256, 1024}},
	} {
		b := sampleBlock{buffer: make([]uint32, row.size/4)}
		if got := b.folds(); got != row.folds {
			t.Errorf("%d KiB: %d symbols a byte, want %d", row.size>>10, got, row.folds)
		}
		if got := newSampler(Jitter{}).candidates(row.size); !slices.Equal(got, row.candidates) {
			t.Errorf("%d KiB: %d touches are tried, want %d", row.size>>10, got, row.candidates)
		}
	}
}

// A burst that is beyond chance retires the source.
func TestPermanentFailureOfJitter(t *testing.T) {
	const first = 1 + tickReads + trialSamples + 1 + tickReads + 9000 // in the first burst
	for run, permanent := range map[int]bool{100: false, 1000: true} {
		r, now, readings := rand.New(rand.NewSource(1)), int64(0), 0
		_, err := Jitter{Buffer: 4096, Touches: []int{1}, Clock: func() int64 {
			delta := 60 + r.Int63n(340)
			if first <= readings && readings < first+run {
				delta = 100
			}
			readings++
			now += delta
			return now
		}}.Gatherer().Gather(t.Context())
		var failure *HealthError
		if !errors.As(err, &failure) || failure.Permanent != permanent {
			t.Errorf("%d symbols in a row: %v, want it permanent: %v", run, err, permanent)
		}
	}
}

// Each window of a burst is judged, not the first alone.
func TestEveryWindowIsJudged(t *testing.T) {
	for w := range burstSamples / statWindow {
		slow, few := plain(1), plain(2)
		for i := range statWindow {
			slow[w*statWindow+i] = 1 + slow[w*statWindow+i]%18
			few[w*statWindow+i] = 100 + few[w*statWindow+i]%63
		}
		for reason, deltas := range map[string][]int64{"median of": slow, "63 distinct": few} {
			if _, err := blockOf(t, deltas).judge(1); err == nil || !strings.Contains(err.Error(), reason) {
				t.Errorf("window %d: %v, want %q", w, err, reason)
			}
		}
	}
}

// The trial wants a quarter more than a burst.
func TestTrialMargin(t *testing.T) {
	for _, row := range []struct {
		deltas []int64
		passes bool
	}{{spread(25), true}, {spread(24), false}, {kinds(80), true}, {kinds(79), false}} {
		if _, err := blockOf(t, row.deltas).judge(trialMargin); (err == nil) != row.passes {
			t.Errorf("%v, want it to pass: %v", err, row.passes)
		}
	}
	// The sampler asks for it: 70 different deltas do for a burst only.
	r, now := rand.New(rand.NewSource(1)), int64(0)
	clock := func() int64 { now += 100 + r.Int63n(70); return now }
	_, err := Jitter{Buffer: 4096, Touches: []int{1}, Clock: clock}.Gatherer().Gather(t.Context())
	if err == nil || !strings.Contains(err.Error(), "at least 80 needed") {
		t.Error(err)
	}
}

// A signal may cut a read short; the end of a file and an error are no bytes.
func TestFilled(t *testing.T) {
	for name, row := range map[string]struct {
		reads []int // bytes, or an error as a negative number
		want  bool
	}{
		"at once":      {[]int{8}, true},
		"in pieces":    {[]int{1, 3, 4}, true},
		"interrupted":  {[]int{3, -int(unix.EINTR), 5}, true},
		"short":        {[]int{3, 0}, false},
		"error":        {[]int{3, -int(unix.EIO)}, false},
		"error at all": {[]int{-int(unix.EAGAIN)}, false},
	} {
		b := make([]byte, 8)
		got := filled(b, func(p []byte) (int, error) {
			n := row.reads[0]
			row.reads = row.reads[1:]
			if n < 0 {
				return -1, unix.Errno(-n)
			}
			for i := range p[:n] {
				p[i] = 1
			}
			return n, nil
		})
		if got != row.want || got && string(b) != "\x01\x01\x01\x01\x01\x01\x01\x01" {
			t.Errorf("%s: %v, % x", name, got, b)
		}
	}
}

// The memory of a burst is left out of core dumps and huge pages, and nothing
// of it is left after the sample.
func TestSampleBlockMemory(t *testing.T) {
	const size = 3 << 20
	length := size + int(unsafe.Sizeof(tables{}))
	b, err := newSampleBlock(func() int64 { return 0 }, size)
	if err != nil {
		t.Fatal(err)
	}
	start := fmt.Sprintf("%x-", uintptr(unsafe.Pointer(&b.mapping[0])))
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	_, rest, found := strings.Cut(string(maps), start)
	_, flags, _ := strings.Cut(rest, "VmFlags:")
	flags, _, _ = strings.Cut(flags, "\n")
	_, noHuge := os.Stat("/sys/kernel/mm/transparent_hugepage")
	if !found || !strings.Contains(flags, " dd") || noHuge == nil && !strings.Contains(flags, " nh") {
		t.Errorf("%d KiB: flags %q", length>>10, flags)
	}
	b.free()
	if maps, _ := os.ReadFile("/proc/self/maps"); strings.Contains(string(maps), start) {
		t.Error("the mapping is still there")
	}
}

// A sample leaves no mapping behind. Go's runtime and the race detector map
// memory of their own meanwhile, as much as half of what the samples would leave.
func TestSampleIsUnmapped(t *testing.T) {
	pages := func() (n int) {
		statm, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Skip(err)
		}
		if _, err := fmt.Sscan(string(statm), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	r, now := rand.New(rand.NewSource(1)), int64(0)
	clock := func() int64 { now += 60 + r.Int63n(340); return now }
	const buffer = 32 << 20
	g := Jitter{Buffer: buffer, Touches: []int{1}, Clock: clock}.Gatherer()
	gather := func() {
		if _, err := g.Gather(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gather()
	before := pages()
	const samples = 6 // half of what they map is more than the heap may grow by
	for range samples {
		gather()
	}
	if grown := (pages() - before) * os.Getpagesize(); grown > samples*buffer/2 {
		t.Errorf("%d MiB more after %d samples of %d MiB", grown>>20, samples, buffer>>20)
	}
}
