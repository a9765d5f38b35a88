package listen

import (
	"context"
	"slices"
	"time"
)

const (
	// pathEvery is how often the paths of our sockets are looked at: what cleans
	// /run may take them along.
	pathEvery = time.Minute
	// A slot that cannot be opened is tried again, later each time.
	firstBackoff = time.Second
	lastBackoff  = time.Minute
)

// Watch opens again what is missing, until ctx ends: sockets that could not be
// opened, and those whose path was removed. Connections made through an old socket
// live on.
func (s *Set) Watch(ctx context.Context) {
	look := time.Now().Add(pathEvery)
	for {
		changed := s.Changed()
		timer := time.NewTimer(time.Until(s.next(look)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-changed:
			timer.Stop()
			continue
		case <-timer.C:
		}
		paths := !time.Now().Before(look)
		if paths {
			look = time.Now().Add(pathEvery)
		}
		for _, sl := range s.current() {
			if sl.due(time.Now()) || paths && sl.lost() {
				s.restore(ctx, sl)
			}
		}
	}
}

// next returns when something has to be done, at the latest at look.
func (s *Set) next(look time.Time) time.Time {
	for _, sl := range s.current() {
		if sl.err != nil && sl.retry.at.Before(look) {
			look = sl.retry.at
		}
	}
	return look
}

// due reports whether sl is to be tried again.
func (sl *slot) due(now time.Time) bool { return sl.err != nil && !now.Before(sl.retry.at) }

// lost reports whether the path of a socket of ours was removed.
func (sl *slot) lost() bool {
	return !sl.supervised && slices.ContainsFunc(sl.sockets, (*Listener).Missing)
}

// restore tries to make sl what its line asks for.
func (s *Set) restore(ctx context.Context, sl *slot) {
	w := s.lookUp(ctx, []Options{sl.options})[0]
	select {
	case s.changing <- struct{}{}:
	default:
		return // a change is under way: it does the same
	}
	t := &transition{set: s, mode: Strict, held: s.held()}
	now := s.current()
	i := slices.Index(now, sl)
	if i < 0 {
		s.end()
		return
	}
	for _, h := range t.held {
		h.taken = h.slot != sl
	}
	lost := sl.lost()
	if err := t.draft(w, w.err); err != nil {
		t.undo()
		t.postpone(sl, err)
	} else if lost {
		s.config.Log.WithField("address", sl.options.Address).Warn(s.config.Name + " was removed: created again")
	}
	now[i] = t.slots[0]
	t.slots = now
	if err := t.Commit(); err != nil {
		s.config.Log.WithError(err).Warn("cannot restore the " + s.config.Name)
	}
}

// postpone makes the slot of a line that still cannot be opened. The log has each
// reason once.
func (t *transition) postpone(sl *slot, err error) {
	backoff := min(2*max(sl.retry.backoff, firstBackoff/2), lastBackoff)
	if sl.err == nil || sl.err.Error() != err.Error() {
		t.set.config.Log.WithError(err).Warn("cannot restore the " + t.set.config.Name + ", will retry")
	}
	t.slots = []*slot{{
		options: sl.options, sockets: sl.sockets, supervised: sl.supervised,
		err: err, retry: retry{time.Now().Add(backoff), backoff},
	}}
}
