package daemon

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/prng"
	"prngd/seedfile"
)

// A save that is asked for while a reseed is required, as after a jump of the clocks,
// waits for it. Before the first seed it is refused.
func TestSaveWaitsForAReseed(t *testing.T) {
	f, err := seedfile.Open(seedfile.Options{Path: filepath.Join(t.TempDir(), "seed"), Owner: os.Getuid()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		jumped := false
		g, err := prng.New(prng.Env{
			Clocks: func() (int64, int64) { m := int64(time.Since(began)); return m, m },
			Event: func(int64, int64) prng.Event {
				if jumped {
					jumped = false
					return prng.Jumped
				}
				return prng.NoEvent
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		p := &seed{generator: g, file: f}
		if err := p.save(t.Context()); !change.IsLater(err) || f.Stats().LastSave.After(began) {
			t.Errorf("unseeded: %v", err)
		}
		g.Source(prng.Policy{Name: "kernel"}).Add(make([]byte, 64), 512)
		g.Hold(prng.Requested)
		limited, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.save(limited); !change.IsLater(err) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no reseed in time: %v", err)
		}
		_, ticket := g.Held()
		g.Release(ticket)
		jumped = true // and nobody has noticed yet
		saved := make(chan error)
		go func() { saved <- p.save(t.Context()) }()
		synctest.Wait() // it waits
		_, ticket = g.Held()
		g.Release(ticket)
		if err := <-saved; err != nil || f.Stats().LastSave.IsZero() || f.Stats().Failures > 0 {
			t.Errorf("after the reseed: %v, last save %v", err, f.Stats().LastSave)
		}
	})
}

// A daemon that is stopped before its seed keeper has begun leaves a seed all the same.
func TestSeedOfAShortLife(t *testing.T) {
	f, err := seedfile.Open(seedfile.Options{Path: filepath.Join(t.TempDir(), "seed"), Owner: os.Getuid()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := prng.New(prng.Env{})
	if err != nil {
		t.Fatal(err)
	}
	g.Source(prng.Policy{Name: "kernel"}).Add(make([]byte, 64), 512)
	log := logrus.New()
	log.SetOutput(io.Discard)
	p := &seed{generator: g, file: f, log: log}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	p.run(ended)
	if !p.loaded || f.Stats().LastSave.IsZero() {
		t.Errorf("loaded: %v, last save: %v", p.loaded, f.Stats().LastSave)
	}
}

// Work begins again after each restart, the last one before the end included.
func TestRestartBeforeTheEnd(t *testing.T) {
	var r restarter
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	r.run(ctx, func(context.Context) {
		if runs++; runs == 1 {
			r.restart()
			cancel()
		}
	})
	if runs != 2 {
		t.Errorf("%d runs, not 2", runs)
	}
}
