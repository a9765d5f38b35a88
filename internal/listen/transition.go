package listen

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// transition is a prepared change of a set.
type transition struct {
	set      *Set
	mode     Mode
	held     []*holding
	slots    []*slot    // to be in effect
	openings []*opening // of sockets in slots
	unnamed  []*Listener
}

// ours returns the sockets that the set holds and that no supervisor made.
func (t *transition) ours() (all []*Listener) {
	for _, h := range t.held {
		if !h.slot.supervised {
			all = append(all, h.Listener)
		}
	}
	return all
}

// Lacks returns why sockets are not opened.
func (t *transition) Lacks() (errs []error) {
	for _, sl := range t.slots {
		if sl.err != nil {
			errs = append(errs, sl.err)
		}
	}
	return errs
}

// Rollback closes and removes all that was opened.
func (t *transition) Rollback() {
	t.undo()
	t.set.end()
}

func (t *transition) undo() {
	for _, p := range slices.Backward(t.openings) {
		p.undo()
	}
	t.openings, t.slots = nil, nil
}

// Commit puts the new sockets in place, then ends the old ones. Where that fails
// for a socket, the old one goes on.
func (t *transition) Commit() error {
	defer t.set.end()
	var errs []error
	for _, p := range slices.Clone(t.openings) {
		if err := p.put(); err != nil {
			errs = append(errs, t.giveUp(p, err))
			continue
		}
		t.set.config.Serve(p.listener) // at once: clients reach it now, and not the old one
	}
	for _, sl := range t.slots {
		t.settle(sl)
	}
	if !t.set.install(t.slots) { // the daemon is ending
		t.undo()
		return errors.Join(errs...)
	}
	t.announce()
	return errors.Join(append(errs, t.endOld()...)...)
}

// giveUp has the old socket go on in the place of one that could not be placed.
func (t *transition) giveUp(p *opening, err error) error {
	p.undo()
	for _, sl := range t.slots {
		i := slices.Index(sl.sockets, p.listener)
		if i < 0 {
			continue
		}
		err = sl.options.errorAt(err)
		sl.err = err
		sl.sockets = slices.Delete(sl.sockets, i, i+1)
		sl.sockets = append(sl.sockets, p.replaces...)
	}
	t.openings = slices.DeleteFunc(t.openings, func(q *opening) bool { return q == p })
	return err
}

// settle makes the sockets of sl what its line asks for, and sets when it is
// tried again if something is missing.
func (t *transition) settle(sl *slot) {
	for _, l := range sl.sockets {
		l.take(&sl.options)
	}
	if sl.err != nil && sl.retry == (retry{}) {
		sl.retry = retry{time.Now().Add(firstBackoff), firstBackoff}
		t.set.config.Log.WithError(sl.err).Warn("no " + t.set.config.Name + ", will retry")
	}
}

// announce has adopted sockets served, and logs what is new.
func (t *transition) announce() {
	log := t.set.config.Log
	if t.set.adopted {
		t.set.adopted = false
		t.serveKept()
		t.set.Relisten()
	}
	for _, p := range t.openings {
		a := p.listener.Address()
		if a.Network == "tcp" && !a.Loopback() {
			log.WithField("address", a).Warn("EGD over a network is not encrypted: hosts on the way can read it")
		}
		if t.mode == Strict {
			log.WithField("address", a).Info("listening")
		}
	}
	for _, l := range t.unnamed {
		log.WithField("address", l.Address()).Warn("no listen line names this inherited socket: served with the default limits")
	}
}

// serveKept has the sockets served that were held before this change.
func (t *transition) serveKept() {
	kept := socketsOf(t.slots)
	for _, h := range t.held {
		if slices.Contains(kept, h.Listener) {
			t.set.config.Serve(h.Listener)
		}
	}
}

// endOld ends the sockets that no line has any more.
func (t *transition) endOld() (errs []error) {
	kept := socketsOf(t.slots)
	var addresses []string
	for _, l := range kept {
		addresses = append(addresses, endpointOf(l).String())
	}
	for _, h := range t.held {
		if slices.Contains(kept, h.Listener) {
			continue
		}
		if err := h.retire(); err != nil {
			errs = append(errs, fmt.Errorf("removing the socket of %s: %w", h.Address(), err))
		}
		if !slices.Contains(addresses, endpointOf(h.Listener).String()) {
			t.set.config.Log.WithField("address", h.Address()).Info("no longer listening")
		}
	}
	return errs
}
