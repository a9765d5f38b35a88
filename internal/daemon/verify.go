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

	mu      sync.Mutex
	checks  map[string][]control.Check // by part
	reading map[string]int             // how often parts were to be asked since their last answer
}

// run reads back until ctx ends, each time that the statistics are sampled: an idle
// process wakes once for both.
func (v *verifier) run(ctx context.Context) {
	began := time.Now()
	for wait := verifyFirst; ; wait = verifyEvery - time.Since(began)%verifyEvery {
		select {
		case <-time.After(wait):
			v.verify(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// verify reads every part back, all at the same time, and returns when all have
// answered or verifyLimit has passed. A part that has not answered by then is
// unknown, which is a difference, until its answer comes. It is not asked again
// before that, and if it was to be, the answer counts for nothing: it may tell of
// what was before a change.
func (v *verifier) verify(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, verifyLimit)
	var all sync.WaitGroup
	for _, p := range v.parts {
		if c, ok := p.part.(checker); ok && v.begin(p.name) {
			all.Go(func() { v.answered(p.name, c.check(ctx)) })
		}
	}
	go func() {
		all.Wait()
		cancel()
	}()
	<-ctx.Done()
	v.mu.Lock()
	defer v.mu.Unlock()
	for name := range v.reading {
		v.checks[name] = []control.Check{{What: name, Asked: "known", Is: "unknown: no answer in " + verifyLimit.String()}}
	}
}

// begin reports whether the part is to be asked: its last answer has come.
func (v *verifier) begin(name string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.checks == nil {
		v.checks, v.reading = map[string][]control.Check{}, map[string]int{}
	}
	v.reading[name]++
	return v.reading[name] == 1
}

func (v *verifier) answered(name string, checks []control.Check) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.reading[name] == 1 {
		v.checks[name] = checks
	}
	delete(v.reading, name)
}

// report adds the last results in the order of the parts.
func (v *verifier) report(r *control.Report) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.parts {
		r.Checks = slices.Concat(r.Checks, v.checks[p.name])
	}
}
