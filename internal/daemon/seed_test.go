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
	"prngd/internal/config"
	"prngd/internal/prng"
	"prngd/seedfile"
)

// A save that is asked for while a reseed is required, as after a jump of the clocks,
// waits for it. Before the first seed it is refused.
func TestSaveWaitsForAReseed(t *testing.T) {
	f, err := seedfile.Open(seedfile.Options{Path: filepath.Join(t.TempDir(), "seed"), MachineID: []byte("a"), Owner: os.Getuid()})
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
		if err := <-saved; err != nil || f.Stats().LastSave.IsZero() || f.Stats().Failures > 0 || f.Stats().Creditable {
			t.Errorf("released: %v, last save %v", err, f.Stats().LastSave)
		}
		// G21: a twin may have saved the same, until noise has come.
		g.Source(prng.Policy{Name: "noise", Independent: true}).Add(make([]byte, 64), 320)
		if err := p.save(t.Context()); err != nil || !f.Stats().Creditable {
			t.Errorf("after noise: %v, creditable %v", err, f.Stats().Creditable)
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

// G17: a seed counts once in a process. The file that a reload names next, or again, may
// hold what this very generator has saved.
func TestSeedCountsOnce(t *testing.T) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	g, err := prng.New(prng.Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	p := &seed{log: log, owner: os.Getuid, generator: g}
	asked := config.Seed{Path: filepath.Join(t.TempDir(), "seed"), Credit: true}
	if o := p.options(asked); o.Again || !o.Credit {
		t.Errorf("at a start: %+v", o)
	}
	f, err := seedfile.Open(p.options(asked))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p.load(f)
	p.take(&seedChange{seed: p, asked: asked}) // another file: it is loaded in its turn
	if o := p.options(asked); !o.Again || p.loaded {
		t.Errorf("after a seed was loaded: %+v", o)
	}
	s := newState()
	if err := s.put("seed", seedState{File: &file{FD: -1, Dir: -1}}); err != nil {
		t.Fatal(err)
	}
	s.preflight = true
	tried := &seed{log: log, owner: os.Getuid, generator: g}
	if err := tried.adopt(s); err != nil || !tried.held || tried.file != nil {
		t.Errorf("a preflight takes the file: %v", err)
	}
	s.preflight = false
	next := &seed{log: log, owner: os.Getuid, generator: g}
	if err := next.adopt(s); err == nil {
		t.Error("a file was adopted that is none")
	}
	if o := next.options(asked); !o.Again || !next.loaded {
		t.Errorf("after an upgrade: %+v", o)
	}
}

// G20: it counts once in a process also where an upgrade comes while no file is kept:
// prngd.conf said seedfile off, or the file could not be opened.
func TestSeedCountsOnceWithoutAFile(t *testing.T) {
	for _, used := range []bool{false, true} {
		s := newState()
		if err := (&seed{owner: os.Getuid, used: used}).handOver(s); err != nil {
			t.Fatal(err)
		}
		next := &seed{owner: os.Getuid}
		if err := next.adopt(s); err != nil || next.file != nil {
			t.Fatalf("%v, file %v", err, next.file)
		}
		if o := next.options(config.Seed{}); o.Again != used {
			t.Errorf("a seed was used: %v; after the upgrade: %v", used, o.Again)
		}
	}
}

// G16: a line that has moved, or seed-credit, changes nothing of the file that is
// open: opened once more, it would be found locked, by this very daemon.
func TestSeedFileStaysOpen(t *testing.T) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	p := &seed{log: log, owner: os.Getuid}
	path := filepath.Join(t.TempDir(), "seed")
	take := func(next config.Seed, how manner) change.Change {
		t.Helper()
		c, err := p.prepare(t.Context(), &config.Settings{Seed: next}, how)
		if err != nil {
			t.Fatalf("%+v: %v", next, err)
		}
		if err := c.Commit(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	take(config.Seed{Path: path, Credit: true, Where: "conf:3"}, starting)
	defer p.close()
	open := p.file
	for _, next := range []config.Seed{{Path: path, Credit: true, Where: "conf:4"}, {Path: path, Where: "conf:4"}} {
		take(next, reloading)
		if p.file != open || p.asked != next {
			t.Errorf("%+v: another file, or asked for %+v", next, p.asked)
		}
	}
}

// A12: a check, and a start that fails, leave no directory behind that was made for
// the seed file.
func TestSeedLeavesNoDirectory(t *testing.T) {
	log := logrus.New()
	log.SetOutput(io.Discard)
	home := t.TempDir()
	next := &config.Settings{Owner: 4711, Seed: config.Seed{Path: home + "/.local/state/prngd/seed"}}
	next.Defaults.Seed = next.Seed.Path
	for what, end := range map[string]func(*seed, change.Change){
		"rolled back": func(_ *seed, c change.Change) { c.Rollback() },
		"a start whose next part fails": func(p *seed, c change.Change) {
			if err := c.Commit(); err != nil {
				t.Error(err)
			}
			p.close()
		},
	} {
		p := &seed{log: log, owner: os.Getuid}
		c, err := p.prepare(t.Context(), next, starting)
		if _, missing := os.Stat(next.Seed.Path); err != nil || missing != nil {
			t.Fatalf("%s: %v, %v", what, err, missing)
		}
		end(p, c)
		if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
			t.Errorf("%s: left %v, %v", what, left, err)
		}
	}
}
