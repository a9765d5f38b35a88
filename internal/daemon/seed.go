package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/credit"
	"prngd/internal/prng"
	"prngd/seedfile"
)

const (
	saveEvery = time.Hour
	// openLimit is how long a start or a reload waits for a disk to open a file.
	openLimit = 1500 * time.Millisecond
	// reopenEvery is how often a seed file is tried that could not be opened.
	reopenEvery = time.Minute
)

// seed is the part that keeps the seed file. A daemon is seeded without it: at a
// start whatever is wrong with the file is a warning and a degraded health.
type seed struct {
	log       *logrus.Logger
	generator *prng.Generator
	owner     func() int // the uid that the daemon runs as from now on
	again     restarter

	mu     sync.Mutex
	asked  config.Seed
	held   bool           // in a preflight: the daemon that serves has the file
	file   *seedfile.File // nil: none is kept, or err says why not
	made   []string       // directories, made for file
	err    error
	before control.Seed     // of the program that this one has replaced
	loaded bool             // what was in the file was loaded
	used   bool             // some file was: what is in the next one may be our own output
	gone   []*seedfile.File // no longer asked for: closed when their keeper has ended
}

// seedState is the section of a state document.
type seedState struct {
	File   *file        `json:"file,omitempty"`
	Report control.Seed `json:"report"` // what was loaded and when it was saved
	Asked  config.Seed  `json:"asked"`
	Used   bool         `json:"used,omitempty"` // some file was loaded, this one or another
}

// adopt takes over the seed file of the program that this one has replaced.
func (p *seed) adopt(s *state) error {
	var old seedState
	found, err := s.get("seed", &old)
	p.used = old.Used // also where no file is kept just now
	if !found || old.File == nil {
		return err
	}
	if s.preflight {
		p.asked, p.held = old.Asked, true
		return nil
	}
	p.asked, p.loaded, p.used = old.Asked, true, true
	p.file, err = seedfile.Adopt(p.options(old.Asked), inherited(old.File.FD, old.File.Path), inherited(old.File.Dir, old.File.Path))
	p.before, p.err = old.Report, err
	return err
}

func (p *seed) options(asked config.Seed) seedfile.Options {
	return seedfile.Options{
		Path: asked.Path, MachineID: seedfile.MachineID(), Credit: asked.Credit, Again: p.used, Owner: p.owner(),
	}
}

// prepare opens the file that next names. The one that is open stays the one, as
// long as its path does not change: after root is given up, few can be opened, and
// it is locked. Whether it counts matters at the next start.
func (p *seed) prepare(ctx context.Context, next *config.Settings, how manner) (change.Change, error) {
	c := &seedChange{seed: p, asked: next.Seed}
	p.mu.Lock() // not while the disk is at work: reports wait for it
	c.same = next.Seed.Path == p.asked.Path && (p.file != nil || p.held)
	o := p.options(next.Seed)
	p.mu.Unlock()
	if c.same || next.Seed.Path == "" {
		return c, nil
	}
	if how == starting {
		var err error
		if c.made, err = makeSeedDirectory(next); err != nil {
			p.log.WithError(err).Warn("cannot make the directory of the seed file")
		}
	}
	c.file, c.err = openSeed(ctx, o)
	if c.err != nil && how == reloading {
		return nil, fmt.Errorf("%s: seedfile: %w", next.Seed.Where, c.err)
	}
	return c, nil
}

func openSeed(ctx context.Context, o seedfile.Options) (*seedfile.File, error) {
	return openWithin(ctx, func() (*seedfile.File, error) { return seedfile.Open(o) })
}

type seedChange struct {
	seed  *seed
	asked config.Seed
	same  bool     // the file that is kept
	made  []string // directories, the deepest last
	file  *seedfile.File
	err   error
}

// Commit replaces the file that is kept.
func (c *seedChange) Commit() error {
	p := c.seed
	if c.err != nil {
		p.log.WithError(c.err).Warn("no seed survives this run")
	}
	if p.take(c) {
		p.again.restart()
	}
	return nil
}

// take makes c's file the one that is kept, and reports whether it is another one.
func (p *seed) take(c *seedChange) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = c.asked
	if c.same {
		return false
	}
	if p.file != nil {
		p.gone = append(p.gone, p.file)
	}
	p.file, p.err, p.loaded, p.made = c.file, c.err, false, c.made
	return true
}

// Lacks returns why no seed is kept.
func (c *seedChange) Lacks() []error { return lack(c.asked.Where, "seedfile", c.err) }

// Rollback removes what opening has made.
func (c *seedChange) Rollback() { leaveNothing(c.file, c.made) }

// leaveNothing removes a file that was not used, if opening it has made it, and
// the directories that were made for it, if nothing else is in them.
func leaveNothing(f *seedfile.File, made []string) {
	if f != nil {
		f.Rollback()
	}
	for _, dir := range slices.Backward(made) {
		os.Remove(dir)
	}
}

// run loads what the last run left, and keeps the file from the first seed on,
// again after each change.
func (p *seed) run(ctx context.Context) {
	p.again.run(ctx, func(ctx context.Context) {
		p.closeGone()
		f := p.await(ctx)
		if f == nil {
			return
		}
		p.load(f)
		if awaitSeeded(ctx, p.generator) {
			f.Keep(ctx, saveEvery, p.generator, p.log)
		}
	})
}

func (p *seed) closeGone() {
	p.mu.Lock()
	gone := p.gone
	p.gone = nil
	p.mu.Unlock()
	for _, f := range gone {
		f.Close()
	}
}

// await returns the file, trying again and again to open one that could not be
// opened, until ctx ends.
func (p *seed) await(ctx context.Context) *seedfile.File {
	for {
		p.mu.Lock()
		f, asked := p.file, p.asked
		p.mu.Unlock()
		if f != nil {
			return f
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reopenEvery):
		}
		if asked.Path == "" {
			continue
		}
		p.mu.Lock()
		o := p.options(asked)
		p.mu.Unlock()
		if f, err := openSeed(ctx, o); !p.store(asked, f, err) && f != nil {
			f.Close()
		}
	}
}

// store notes the outcome of another attempt to open a file that is still asked
// for.
func (p *seed) store(asked config.Seed, f *seedfile.File, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file != nil || p.asked != asked {
		return false
	}
	p.file, p.err = f, err
	return true
}

// load mixes the old seed, replaces it on disk, and only then counts it.
func (p *seed) load(f *seedfile.File) {
	p.mu.Lock()
	done := p.loaded
	p.loaded, p.used = true, true
	p.mu.Unlock()
	if done {
		return
	}
	warning, readErr, replaceErr := credit.LoadSeed(p.generator, f, time.Now().UnixNano())
	for _, err := range []error{readErr, replaceErr} {
		if err != nil {
			p.log.Warn(err)
		}
	}
	if warning != "" {
		p.log.Warn(warning)
	}
}

// save writes the seed file, as soon as no reseed is required any more.
func (p *seed) save(ctx context.Context) error {
	p.mu.Lock()
	f := p.file
	p.mu.Unlock()
	if f == nil {
		return errors.New("no seed file is kept: see seedfile in prngd.conf, and the log")
	}
	for {
		p.generator.Watch() // else the save itself would be the first to notice a jump of the clocks
		if p.generator.State() == prng.Unseeded {
			return change.Later(errors.New("not seeded yet: there is nothing to save"))
		}
		if !awaitSeeded(ctx, p.generator) {
			return change.Later(errors.New("a reseed is required first, which did not come in time: see egdquery status"))
		}
		if err := f.Save(p.generator); !errors.Is(err, prng.ErrUnseeded) {
			return err
		}
	}
}

func (p *seed) report(r *control.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		r.Seed.Path = p.asked.Path
		if p.err != nil {
			r.Seed.Error = p.err.Error()
		}
		return
	}
	st := p.file.Stats()
	r.Seed = control.Seed{
		Path: st.Path, Loaded: st.Reason, Bits: st.LoadedBits,
		LastSave: control.When(st.LastSave), Error: st.LastError, Creditable: st.Creditable,
	}
	if p.before.Path != st.Path {
		return
	}
	r.Seed.Loaded, r.Seed.Bits = p.before.Loaded, p.before.Bits
	if r.Seed.LastSave == nil {
		r.Seed.LastSave = p.before.LastSave
	}
}

// check reads back whether the path leads to the file that is kept.
func (p *seed) check(context.Context) []control.Check {
	p.mu.Lock()
	f, asked := p.file, p.asked
	p.mu.Unlock()
	if asked.Path == "" {
		return nil
	}
	c := control.Check{What: "seed file " + asked.Path, Asked: "kept", Is: "kept"}
	switch {
	case f == nil:
		c.Is = "not kept" // the report has the error
	case !f.Kept():
		c.Is = "replaced or removed by another program"
	}
	return []control.Check{c}
}

func (p *seed) handOver(s *state) error {
	var r control.Report
	p.report(&r)
	p.mu.Lock()
	section, kept := seedState{Report: r.Seed, Asked: p.asked, Used: p.used}, p.file
	p.mu.Unlock() // the descriptors wait for the disk
	if kept == nil {
		return s.put("seed", section)
	}
	f, dir := kept.Descriptors()
	section.File = &file{Path: section.Asked.Path, FD: int(f.Fd()), Dir: int(dir.Fd())}
	return s.put("seed", section, section.File.FD, section.File.Dir)
}

// close leaves nothing of a file that was not used, because the start has failed.
func (p *seed) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !p.loaded:
		leaveNothing(p.file, p.made)
	case p.file != nil:
		p.file.Close()
	}
}

// makeSeedDirectory makes the default directory of the seed file. That of a user
// other than root lies below the home directory, a path of several steps (XDG Base
// Directory Specification); root's is given to the user that the daemon becomes.
// No other directory is made: a typing error in a path must not grow a tree. made
// has what was made, the deepest last.
func makeSeedDirectory(s *config.Settings) (made []string, err error) {
	if s.Seed.Path == "" || s.Seed.Path != s.Defaults.Seed {
		return nil, nil
	}
	var missing []string
	for dir := filepath.Dir(s.Seed.Path); isMissing(dir); dir = filepath.Dir(dir) {
		if missing = append(missing, dir); s.Owner == 0 {
			break
		}
	}
	for _, dir := range slices.Backward(missing) {
		err := os.Mkdir(dir, 0o700)
		if errors.Is(err, fs.ErrExist) { // another daemon has made it meanwhile
			continue
		}
		if err != nil {
			return made, err
		}
		made = append(made, dir)
	}
	if u := account(s); u != nil && len(made) > 0 {
		return made, os.Lchown(made[0], u.UID, u.GID)
	}
	return made, nil
}

func isMissing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}
