package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
)

// part is something that the daemon holds and that a reload or an upgrade can
// change. A part owns its state and its lock.
type part interface {
	// prepare readies the change from what the part holds now to what next asks
	// for. It opens what is new beside what is there and gives nothing up.
	prepare(ctx context.Context, next *config.Settings, how manner) (change.Change, error)
	// report adds what the part holds to a report. It never waits.
	report(*control.Report)
	// handOver adds what the next program needs to a state document.
	handOver(*state) error
	// adopt takes over what the program that this one has replaced has handed over.
	// In a preflight the part only learns what the daemon that serves holds.
	adopt(*state) error
	// close gives up what the part holds, at the end of the daemon.
	close()
}

// manner says what an inability means while a change is prepared.
type manner int

const (
	// starting: what may work later is the part's own trouble, reported and
	// tried again; what can never work refuses the start.
	starting manner = iota
	// reloading: what is there works, so any inability refuses the change. The
	// preflight of an upgrade prepares in this manner, too.
	reloading
	// adopting: the program has replaced another and clients wait. Nothing
	// refuses; a part keeps what it inherited.
	adopting
)

// lack is what a [change.Partial] says of one directive; nothing if err is nil.
func lack(where, directive string, err error) []error {
	if err == nil {
		return nil
	}
	return []error{fmt.Errorf("%s: %s: %w", where, directive, err)}
}

// named is a part and its name, which is that of its section in a state document.
type named struct {
	name string
	part
}

// prepareAll prepares every part, or none: after an error nothing is left of it.
func prepareAll(ctx context.Context, parts []named, next *config.Settings, how manner) (change.All, error) {
	var all change.All
	for _, p := range parts {
		c, err := p.prepare(ctx, next, how)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if c != nil {
				c.Rollback()
			}
			all.Rollback()
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// commitStart commits what a start has prepared. The first error ends it: what is
// not committed yet is rolled back, and what is committed is closed.
func commitStart(parts []named, all change.All) error {
	for i, c := range all {
		err := c.Commit()
		if err == nil {
			continue
		}
		all[i+1:].Rollback()
		closeAll(parts[:i+1])
		return err
	}
	return nil
}

// adoptAll gives every part its section. Errors are for the log: nothing in a
// section is worth ending for, with clients waiting.
func adoptAll(parts []named, s *state) error {
	var errs []error
	for _, p := range parts {
		if err := p.adopt(s); err != nil {
			errs = append(errs, fmt.Errorf("adopting %s: %w", p.name, err))
		}
	}
	return errors.Join(errs...)
}

// handOverAll collects a section from every part.
func handOverAll(parts []named, s *state) error {
	for _, p := range parts {
		if err := p.handOver(s); err != nil {
			return fmt.Errorf("handing over %s: %w", p.name, err)
		}
	}
	return nil
}

// closeAll closes the parts, all at the same time: a disk that does not answer keeps
// no socket and no pid file from being removed.
func closeAll(parts []named) {
	var all sync.WaitGroup
	for _, p := range parts {
		all.Go(p.close)
	}
	all.Wait()
}
