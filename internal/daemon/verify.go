package daemon

import (
	"context"
	"slices"
	"sync"
	"time"

	"prngd/internal/control"
)

const (
	// verifyEvery spares an idle daemon: reading everything back takes some 2 ms
	// of processor time. A change is read back at once.
	verifyEvery = time.Minute
	// verifyFirst leaves the processor to the clients that have waited for a start.
	verifyFirst = time.Second
	// verifyLimit is for one part: reading back may meet a file system that hangs.
	verifyLimit = 2 * time.Second
)

// checker is a part that can read back what was asked of it.
type checker interface {
	// check asks the system, not the part's memory, and may take its time until
	// ctx ends.
	check(ctx context.Context) []control.Check
}

// verifier reads back what was committed and keeps the result for reports, which
// never wait.
type verifier struct {
	parts []named

	mu     sync.Mutex
	checks map[string][]control.Check // by part
}

// run reads back until ctx ends.
func (v *verifier) run(ctx context.Context) {
	for wait := verifyFirst; ; wait = verifyEvery {
		select {
		case <-time.After(wait):
			v.verify(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// verify reads every part back, all at the same time.
func (v *verifier) verify(ctx context.Context) {
	var all sync.WaitGroup
	for _, p := range v.parts {
		if c, ok := p.part.(checker); ok {
			all.Go(func() { v.store(p.name, within(ctx, p.name, c.check)) })
		}
	}
	all.Wait()
}

// within returns what check found, or that it did not answer: an unknown answer is
// a difference.
func within(ctx context.Context, name string, check func(context.Context) []control.Check) []control.Check {
	ctx, cancel := context.WithTimeout(ctx, verifyLimit)
	defer cancel()
	found := make(chan []control.Check, 1)
	go func() { found <- check(ctx) }()
	select {
	case checks := <-found:
		return checks
	case <-ctx.Done():
		return []control.Check{{What: name, Asked: "known", Is: "unknown: no answer in " + verifyLimit.String()}}
	}
}

func (v *verifier) store(name string, checks []control.Check) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.checks == nil {
		v.checks = map[string][]control.Check{}
	}
	v.checks[name] = checks
}

// report adds the last results in the order of the parts.
func (v *verifier) report(r *control.Report) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.parts {
		r.Checks = slices.Concat(r.Checks, v.checks[p.name])
	}
}
