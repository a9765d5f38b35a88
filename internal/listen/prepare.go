package listen

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"prngd/internal/change"
)

// Mode says what becomes of a line whose socket cannot be opened.
type Mode int

const (
	// Start serves without a socket that may open later, and refuses what never
	// can, and an address that another process uses. New sockets get their paths
	// at once, so that of two starts one is refused.
	Start Mode = iota
	// Strict refuses the whole change for any socket: for a reload, for
	// --check-config and for the preflight of an upgrade.
	Strict
	// Adopted refuses nothing: for the program of an upgrade, which has clients
	// already. The socket that was inherited goes on instead.
	Adopted
)

// wanted is a line with the addresses that were looked up for it.
type wanted struct {
	Options
	endpoints []endpoint
	keys      []string
	err       error // of the look-up
}

// Prepare opens what next asks for beside what the set has. Nothing that is held
// is given up before the change commits. One change is under way at a time:
// Prepare waits for the end of the one before, or of ctx. Errors name line and
// address, and are marked with [change.Later] if all of them may go away.
func (s *Set) Prepare(ctx context.Context, next []Options, mode Mode) (change.Change, error) {
	lines := s.lookUp(ctx, next)
	if err := s.begin(ctx); err != nil {
		return nil, change.Later(fmt.Errorf("changing listening sockets: %w", err))
	}
	t := &transition{set: s, mode: mode, held: s.held()}
	if err := t.prepare(t.withoutDefault(lines)); err != nil {
		t.Rollback()
		return nil, err
	}
	return t, nil
}

// lookUp finds the addresses of all lines, at the same time and without a lock.
func (s *Set) lookUp(ctx context.Context, next []Options) []*wanted {
	lines := make([]*wanted, len(next))
	var wg sync.WaitGroup
	for i := range next {
		w := &wanted{Options: next[i]}
		lines[i] = w
		wg.Go(func() { w.endpoints, w.err = w.Options.endpoints(ctx, s.sys) })
	}
	wg.Wait()
	for _, w := range lines {
		for _, e := range w.endpoints {
			w.keys = append(w.keys, e.key(s.sys))
		}
	}
	return lines
}

// holding is a socket of the set, with what it belongs to.
type holding struct {
	*Listener
	slot  *slot
	key   string
	taken bool // by a line of the change
}

// held returns the sockets of the set.
func (s *Set) held() (all []*holding) {
	for _, sl := range s.current() {
		for _, l := range sl.sockets {
			all = append(all, &holding{Listener: l, slot: sl, key: endpointOf(l).key(s.sys)})
		}
	}
	return all
}

// prepare makes a slot of every line, and keeps what a supervisor made.
func (t *transition) prepare(lines []*wanted) error {
	var errs lineErrors
	owner := map[string]*wanted{}
	for _, w := range lines {
		err := w.err
		for _, key := range w.keys {
			if first := owner[key]; first != nil && first != w && err == nil {
				err = fmt.Errorf("the same socket as %s in %s", first.Address, orCommandLine(first.Where))
			}
			owner[key] = w
		}
		if err := t.draft(w, err); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return errs
	}
	t.keepAlike()
	t.keepSupervised()
	return nil
}

// lineErrors is errors.Join on one line of the log.
type lineErrors []error

func (e lineErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (e lineErrors) Unwrap() []error { return e }

func orCommandLine(where string) string {
	if where == "" {
		return "the command line"
	}
	return where
}

// draft makes the slot of one line. Its error refuses the change.
func (t *transition) draft(w *wanted, err error) error {
	sl := &slot{options: w.Options}
	began := len(t.openings)
	if err == nil {
		err = t.fill(sl, w)
	} else if change.IsLater(temporary(err)) && t.keepUnresolved(sl, w) {
		err = nil
	}
	err = w.errorAt(err)
	switch {
	case err == nil:
	case t.mode == Strict, t.mode == Start && !change.IsLater(err):
		return err
	default:
		t.fallBack(sl, w, began)
		sl.err = err
	}
	t.slots = append(t.slots, sl)
	return nil
}

// fill finds or opens every socket of a line.
func (t *transition) fill(sl *slot, w *wanted) error {
	for i, e := range w.endpoints {
		h := t.holding(e, w.keys[i])
		if h != nil {
			h.taken = true
			if h.satisfies(&w.Options) {
				sl.sockets = append(sl.sockets, h.Listener)
				sl.supervised = sl.supervised || h.slot.supervised
				continue
			}
		}
		p, err := t.open(e, w, h)
		if e.optional && missingFamily(err) {
			continue
		}
		if err != nil {
			if h != nil {
				h.taken = false
			}
			return err
		}
		t.openings = append(t.openings, p)
		sl.sockets = append(sl.sockets, p.listener)
	}
	return nil
}

func (t *transition) open(e endpoint, w *wanted, h *holding) (*opening, error) {
	if e.path == "" {
		return openTCP(t.set.sys, e, &w.Options, t.ours())
	}
	var old *Listener
	if h != nil {
		old = h.Listener
	}
	p, err := openUnix(t.set.sys, e, &w.Options, old)
	if err != nil || t.mode != Start {
		return p, err
	}
	if err := p.put(); err != nil {
		p.undo()
		return nil, err
	}
	return p, nil
}
