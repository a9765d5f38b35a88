package gatherers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
)

// A sample waits for the one before it, which a Runner may have abandoned, and what
// is open is closed once, when no sample is under way.
func TestExclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did []string
		buf := []byte("noise")
		g := exclusive(Gatherer{Gather: func(context.Context) ([]byte, error) {
			did = append(did, "begin")
			time.Sleep(time.Hour) // in the kernel: it looks at no context
			did = append(did, "end")
			return append(buf[:0], "noise"...), nil
		}}, func() { did = append(did, "close") })
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		late := make(chan []byte, 1)
		go func() { data, _ := g.Gather(short); late <- data }()
		synctest.Wait()
		if _, err := g.Gather(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("beside a sample under way: %v", err)
		}
		data, err := g.Gather(t.Context())
		if err != nil || string(data) != "noise" || &data[0] != &buf[0] {
			t.Errorf("%q, %v", data, err)
		}
		if taken := <-late; string(taken) != "noise" || &taken[0] == &buf[0] {
			t.Errorf("the late sample is %q, in the buffer of the next", taken)
		}
		go g.Gather(t.Context())
		synctest.Wait()
		g.Close() // does not wait
		g.Close()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if _, err := g.Gather(t.Context()); !errors.Is(err, os.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		g.Close()
		want := []string{"begin", "end", "begin", "end", "begin", "end", "close"}
		if !slices.Equal(did, want) {
			t.Errorf("%v, expected %v", did, want)
		}
	})
}

// A late sample leaves nothing in the buffer.
func TestLateSampleIsCleared(t *testing.T) {
	buf := []byte("noise")
	ctx, cancel := context.WithCancel(t.Context())
	g := exclusive(Gatherer{Gather: func(context.Context) ([]byte, error) { cancel(); return buf, nil }}, func() {})
	if data, err := g.Gather(ctx); err != nil || string(data) != "noise" || !bytes.Equal(buf, make([]byte, 5)) {
		t.Errorf("%q, %v, in the buffer %q", data, err, buf)
	}
}

// A file that was read once is not kept open by the reloads that follow.
func TestExhaustedIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "noise")
	if err := os.WriteFile(path, []byte("noise"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	r := NewRunner(func(*Gatherer, []byte, int) {}, log)
	first, second := File(path, None), File(path, None)
	defer first.Close()
	defer second.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r.add = func(*Gatherer, []byte, int) { cancel() }
	r.Run(ctx, []Gatherer{first})
	r.Run(ctx, []Gatherer{second})
	if _, err := second.Gather(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the second one is open: %v", err)
	}
}
