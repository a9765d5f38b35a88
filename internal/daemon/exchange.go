package daemon

import (
	"context"
	"errors"
	"fmt"
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

// exchange is the part that stirs the exchange files.
type exchange struct {
	log       *logrus.Logger
	generator *prng.Generator
	again     restarter

	mu    sync.Mutex
	files []exchangeFile
	known []string             // in a preflight: files that the daemon that serves has open
	gone  []*seedfile.Exchange // no longer asked for: closed when their keepers have ended
}

// exchangeFile is one exchange line and its file.
type exchangeFile struct {
	line config.Exchange
	file *seedfile.Exchange // nil: err says why not
	err  error
}

// exchangeState is a file in the section of a state document.
type exchangeState struct {
	Path  string                 `json:"path"`
	FD    int                    `json:"fd"`
	Stats seedfile.ExchangeStats `json:"stats"`
}

// byDirectory is the owner to ask for: that of the file's directory.
const byDirectory = -1

func (p *exchange) adopt(s *state) error {
	var files []exchangeState
	_, err := s.get("exchange", &files)
	errs := []error{err}
	for _, f := range files {
		if s.preflight {
			p.known = append(p.known, f.Path)
			continue
		}
		x, err := seedfile.AdoptExchange(f.Path, byDirectory, inherited(f.FD, f.Path), f.Stats)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.files = append(p.files, exchangeFile{line: config.Exchange{Path: f.Path}, file: x})
	}
	return errors.Join(errs...)
}

// prepare opens the files that are not open yet. A start goes on without one that
// cannot be opened.
func (p *exchange) prepare(ctx context.Context, next *config.Settings, how manner) (change.Change, error) {
	p.mu.Lock()
	held := slices.Clone(p.files)
	p.mu.Unlock() // reports do not wait for the disk
	c := &exchangeChange{part: p}
	for _, line := range next.Exchange {
		x := exchangeFile{line: line}
		if slices.Contains(p.known, line.Path) {
			continue
		}
		if x.file = fileAt(held, line.Path); x.file == nil {
			if x.file, x.err = openExchange(ctx, line.Path); x.err == nil {
				c.opened = append(c.opened, x.file)
			}
		}
		if x.err != nil && (how == reloading || !change.IsLater(x.err) && how == starting) {
			c.Rollback()
			return nil, fmt.Errorf("%s: exchange: %w", line.Where, x.err)
		}
		c.files = append(c.files, x)
	}
	return c, nil
}

func openExchange(ctx context.Context, path string) (*seedfile.Exchange, error) {
	return openWithin(ctx, func() (*seedfile.Exchange, error) { return seedfile.OpenExchange(path, byDirectory) })
}

// fileAt returns the open file at path, or nil.
func fileAt(files []exchangeFile, path string) *seedfile.Exchange {
	for _, x := range files {
		if x.line.Path == path {
			return x.file
		}
	}
	return nil
}

type exchangeChange struct {
	part   *exchange
	files  []exchangeFile
	opened []*seedfile.Exchange
}

// Commit has the files stirred, and gives up those that no line names any more.
func (c *exchangeChange) Commit() error {
	p := c.part
	p.mu.Lock()
	old := p.files
	p.files = c.files
	for _, x := range old {
		if x.file != nil && fileAt(p.files, x.line.Path) != x.file {
			p.gone = append(p.gone, x.file)
		}
	}
	p.mu.Unlock()
	for _, x := range c.files {
		if x.err != nil {
			p.log.WithError(x.err).Warn("an exchange file is not stirred; its owner can run egdquery exchange stir FILE instead")
		}
	}
	p.again.restart()
	return nil
}

// Lacks returns why files are not stirred.
func (c *exchangeChange) Lacks() (errs []error) {
	for _, x := range c.files {
		errs = append(errs, lack(x.line.Where, "exchange", x.err)...)
	}
	return errs
}

// Rollback closes what was opened.
func (c *exchangeChange) Rollback() {
	for _, x := range c.opened {
		x.Close()
	}
}

// run stirs every file until ctx ends, again after each change.
func (p *exchange) run(ctx context.Context) {
	p.again.run(ctx, func(ctx context.Context) {
		p.mu.Lock()
		files, gone := p.files, p.gone
		p.gone = nil
		p.mu.Unlock()
		for _, x := range gone {
			x.Close()
		}
		var keepers sync.WaitGroup
		for i := range files {
			keepers.Go(func() { p.keep(ctx, files[i]) })
		}
		keepers.Wait()
	})
}

// keep takes what others left at once, and gives something back from the first
// seed on.
func (p *exchange) keep(ctx context.Context, x exchangeFile) {
	f := p.await(ctx, x)
	if f == nil {
		return
	}
	source := p.generator.Source(credit.Exchange(x.line.Path))
	mix := func(b []byte) { source.Add(b, 0) }
	if err := f.Read(ctx, mix); err != nil {
		p.log.Warn(err)
	}
	if awaitSeeded(ctx, p.generator) {
		f.Keep(ctx, seedfile.RandomWait(p.generator, x.line.Every), p.generator, mix, p.log)
	}
}

// await returns the file, trying again and again to open one that could not be
// opened, until ctx ends.
func (p *exchange) await(ctx context.Context, x exchangeFile) *seedfile.Exchange {
	for x.file == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reopenEvery):
		}
		f, err := openExchange(ctx, x.line.Path)
		if !p.store(x.line.Path, f, err) && f != nil {
			f.Close()
			return nil
		}
		x.file = f
	}
	return x.file
}

// store notes the outcome of another attempt to open a file that is still asked
// for.
func (p *exchange) store(path string, f *seedfile.Exchange, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.files {
		if x := &p.files[i]; x.line.Path == path && x.file == nil {
			x.file, x.err = f, err
			return true
		}
	}
	return false
}

func (p *exchange) report(r *control.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.files {
		if x.file == nil {
			r.Exchange = append(r.Exchange, control.File{Path: x.line.Path, Error: x.err.Error()})
			continue
		}
		st := x.file.Stats()
		r.Exchange = append(r.Exchange, control.File{
			Path: x.line.Path, Cycles: st.Writes, Skipped: st.Skipped, LastStir: control.When(st.Last),
			Locked: st.LongestLock.Seconds(), Error: st.LastError,
		})
	}
}

func (p *exchange) handOver(s *state) error {
	p.mu.Lock()
	held := slices.Clone(p.files)
	p.mu.Unlock() // the descriptors wait for the disk
	var files []exchangeState
	var fds []int
	for _, x := range held {
		if x.file != nil {
			fd := int(x.file.Descriptor().Fd())
			files = append(files, exchangeState{x.line.Path, fd, x.file.Stats()})
			fds = append(fds, fd)
		}
	}
	return s.put("exchange", files, fds...)
}

// close leaves the files to the end of the process: their keepers have ended.
func (p *exchange) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.files {
		if x.file != nil {
			x.file.Close()
		}
	}
}
