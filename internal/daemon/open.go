package daemon

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"prngd/internal/change"
	"prngd/internal/prng"
)

// openWithin opens a file and waits no longer than openLimit, and until ctx ends:
// a disk or a file server that does not answer would keep a start waiting. A file
// that is opened later than that is closed again.
func openWithin[T io.Closer](ctx context.Context, open func() (T, error)) (T, error) {
	return within(ctx, openLimit, open, func(f T) { f.Close() })
}

// within calls do on a goroutine of its own and waits no longer than limit, and
// until ctx ends. What do returns without an error after that is given to late.
func within[T any](ctx context.Context, limit time.Duration, do func() (T, error), late func(T)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := do()
		done <- result{v, err}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer from the disk in %v", limit))
	defer cancel()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				late(r.value)
			}
		}()
		var none T
		return none, change.Later(context.Cause(ctx))
	}
}

// restarter runs a piece of work until it is told to begin again.
type restarter struct {
	mu    sync.Mutex
	stop  context.CancelFunc
	again bool // a restart was asked for since the work began
}

// run runs work, also if ctx has ended already, and again after each restart,
// until ctx ends: what was prepared is put to use and saved before a stop. The
// context of work ends with either.
func (r *restarter) run(ctx context.Context, work func(context.Context)) {
	for again := true; again; {
		current, stop := context.WithCancel(ctx)
		r.mu.Lock()
		r.stop, r.again = stop, false
		r.mu.Unlock()
		work(current)
		<-current.Done() // there may be nothing to do
		stop()
		r.mu.Lock()
		r.stop, again = nil, r.again
		r.mu.Unlock()
	}
}

// restart ends the work under way, if there is any; it begins again.
func (r *restarter) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.again = true
	if r.stop != nil {
		r.stop()
	}
}

// awaitSeeded waits until g can give output, and reports whether it can.
func awaitSeeded(ctx context.Context, g *prng.Generator) bool {
	for {
		changed := g.Changed()
		if g.State() == prng.Seeded {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return g.State() == prng.Seeded
		}
	}
}
