package daemon

import (
	"fmt"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
)

// part is something that the daemon holds and that a reload or an upgrade can
// change. A part owns its state and its lock.
type part interface {
	// prepare readies the change from what the part holds now to what next asks
	// for. It opens what is new beside what is there and gives nothing up.
	prepare(next *config.Settings, how manner) (change.Change, error)
	// report adds what the part holds, and what it reads back, to a report. It
	// never waits.
	report(*control.Report)
	// handOver adds what the next program needs to a state document.
	handOver(*state) error
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

// named is a part and its name, which is that of its section in a state document.
type named struct {
	name string
	part
}

// prepareAll prepares every part, or none: after an error nothing is left of it.
func prepareAll(parts []named, next *config.Settings, how manner) (change.Change, error) {
	var all change.All
	for _, p := range parts {
		c, err := p.prepare(next, how)
		if err != nil {
			all.Rollback()
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// handOverAll collects a state document from every part.
func handOverAll(parts []named, s *state) error {
	for _, p := range parts {
		if err := p.handOver(s); err != nil {
			return fmt.Errorf("handing over %s: %w", p.name, err)
		}
	}
	return nil
}
