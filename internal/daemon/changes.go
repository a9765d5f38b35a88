package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"prngd/internal/change"
	"prngd/internal/control"
)

// changes carries out reloads and upgrades, one at a time, on a goroutine of its
// own: resolving and preparing may meet a name server or a disk that does not
// answer, and neither clients nor signals wait for that.
type changes struct {
	do map[string]func(context.Context) error // by the verb of the control socket

	queue chan *request
	mu    sync.Mutex
	next  map[string]*request // submitted, not begun
	last  *control.Change     // the refusal that has not been mended yet

	noted chan struct{} // holds a value when there is a new refusal
}

// request is one run of a change. Every caller that asked before it began waits for
// the same run.
type request struct {
	verb string
	done chan struct{}
	err  error // valid once done is closed
}

func newChanges(do map[string]func(context.Context) error) *changes {
	return &changes{do: do, queue: make(chan *request, len(do)), next: map[string]*request{}, noted: make(chan struct{}, 1)}
}

// submit asks for a change and does not wait for it.
func (c *changes) submit(verb string) *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.next[verb]; r != nil {
		return r
	}
	r := &request{verb: verb, done: make(chan struct{})}
	c.next[verb] = r
	c.queue <- r // never waits: there is room for one of each verb
	return r
}

// ask returns a func that asks for a change and returns its outcome.
func (c *changes) ask(verb string) func(context.Context) error {
	return func(ctx context.Context) error {
		r := c.submit(verb)
		select {
		case <-r.done:
			return r.err
		case <-ctx.Done():
			return change.Later(errors.New(verb + " is still under way: see egdquery status"))
		}
	}
}

// waiting reports whether a change was asked for and has not begun.
func (c *changes) waiting(verb string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next[verb] != nil
}

// run carries out what is submitted until ctx ends.
func (c *changes) run(ctx context.Context) {
	for {
		select {
		case r := <-c.queue:
			c.mu.Lock()
			delete(c.next, r.verb)
			c.mu.Unlock()
			r.err = c.do[r.verb](ctx)
			c.note(r)
			close(r.done)
		case <-ctx.Done():
			return
		}
	}
}

// note keeps a refusal for reports. A change that succeeds mends it.
func (c *changes) note(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.err == nil {
		c.last = nil
		return
	}
	select {
	case c.noted <- struct{}{}:
	default:
	}
	c.last = &control.Change{Kind: r.verb, At: time.Now().UTC(), Status: change.ExitStatus(r.err), Error: r.err.Error()}
}

// refused returns the refusal that has not been mended, or nil.
func (c *changes) refused() *control.Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// forget drops a refusal of which nothing is left.
func (c *changes) forget(refused *control.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == refused {
		c.last = nil
	}
}
