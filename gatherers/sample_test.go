package gatherers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"prngd/gatherers"
)

func TestDeltaSymbol(t *testing.T) {
	for _, row := range []struct {
		last, next string
		want       byte
	}{
		{"", "", 0},
		{"same", "same", 0},
		{"cpu 10", "cpu 11", 1 << 5}, // '0' ^ '1' at place 5
		{"\x00", "\x81", 0x81},
		{"\x00\x00", "\x00\x81", 0x03},
		{"a\x00", "b\x00", 0x03},
		{"12345678\x01", "12345678\x02", 0x03}, // place 8 turns by 0
		{"", "\x01\x01", 0x03},
		{"\x01\x01", "", 0x03},
	} {
		if got := gatherers.DeltaSymbol([]byte(row.last), []byte(row.next)); got != row.want {
			t.Errorf("%q to %q: %#02x, want %#02x", row.last, row.next, got, row.want)
		}
	}
}

// Statistics are delta coded, ten a second; a buffer that is used again does
// no harm.
func TestSampleOfStatistics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		buf, n := make([]byte, 1), 0
		g := gatherers.Gatherer{Name: "cpu", Gather: func(context.Context) ([]byte, error) {
			buf[0] = byte(n * n)
			n++
			return buf, nil
		}}
		var out bytes.Buffer
		start := time.Now()
		if err := gatherers.Sample(t.Context(), g, 5, &out); err != nil {
			t.Fatal(err)
		}
		if want := []byte{0 ^ 1, 1 ^ 4, 4 ^ 9, 9 ^ 16, 16 ^ 25}; !bytes.Equal(out.Bytes(), want) {
			t.Errorf("% x, want % x", out.Bytes(), want)
		}
		if took := time.Since(start); took != 500*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// give returns a gatherer that gives one sample after the other, then err.
func give(err error, samples ...string) gatherers.Gatherer {
	return gatherers.Gatherer{Name: "file:/x", Gather: func(context.Context) ([]byte, error) {
		if len(samples) == 0 {
			return nil, err
		}
		next := samples[0]
		samples = samples[1:]
		return []byte(next), nil
	}}
}

func TestSampleOfBytes(t *testing.T) {
	broken := errors.New("broken")
	for _, row := range []struct {
		g    gatherers.Gatherer
		want string
		err  string
	}{
		{give(nil, "abc", "defg"), "abcde", "<nil>"},
		{give(nil, "abc"), "abc", "sampling file:/x: no more data"},
		{give(broken, "abc"), "abc", "sampling file:/x: broken"},
		{give(gatherers.Uncredited("why")), "", "sampling file:/x: no more data"},
		{give(errors.ErrUnsupported), "", "sampling file:/x: unsupported operation"},
	} {
		var out bytes.Buffer
		err := gatherers.Sample(t.Context(), row.g, 5, &out)
		if out.String() != row.want || fmt.Sprint(err) != row.err {
			t.Errorf("%q, %v; want %q, %s", out.String(), err, row.want, row.err)
		}
	}
	if err := gatherers.Sample(t.Context(), give(errors.ErrUnsupported), 1, &bytes.Buffer{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// An uncredited sample is a sample.
func TestSampleOfUncredited(t *testing.T) {
	g := gatherers.Gatherer{Name: "kernel", Gather: func(context.Context) ([]byte, error) {
		return []byte("xy"), gatherers.Uncredited("why")
	}}
	var out bytes.Buffer
	if err := gatherers.Sample(t.Context(), g, 3, &out); err != nil || out.String() != "xyx" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

// Raw symbols are the deltas in steps, whatever a judge would say to them.
func TestRawJitter(t *testing.T) {
	clock := ticking(func(i int) int64 { return 10 * int64(i%300) })
	var out bytes.Buffer
	j := gatherers.Jitter{Clock: clock, Buffer: smallest, Touches: []int{1}}
	if err := j.Raw(t.Context(), 20000, &out); err != nil || out.Len() != 20000 {
		t.Fatalf("%d bytes, %v", out.Len(), err)
	}
	for i, x := range out.Bytes()[1:16000] {
		last := out.Bytes()[i]
		if x != last+1 && !(x == 0 && last == byte(299%256)) {
			t.Fatalf("symbol %d after %d", x, last)
		}
	}
	stuck := gatherers.Jitter{Clock: func() int64 { return 1 }, Buffer: smallest, Touches: []int{1}}
	if err := stuck.Raw(t.Context(), 1, &out); err == nil {
		t.Error("a clock that stands still has symbols")
	}
}

func TestSampleEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, g := range gatherers.System() {
		var out bytes.Buffer
		if err := gatherers.Sample(ctx, g, 1<<20, &out); err == nil || out.Len() > 0 {
			t.Errorf("%s: %d bytes, %v", g.Name, out.Len(), err)
		}
	}
}
