package control

import (
	"context"
	"sync"
	"time"
)

const (
	actEvery = time.Second // between two runs of one action
	actLimit = 30 * time.Second
)

// action runs one verb for all requests that came before the run began. A request
// that comes during a run gets the next one, because this run may already have
// looked at what the request wants changed.
type action struct {
	do func(context.Context) error

	turn chan struct{} // of capacity 1; full while a run is under way
	mu   sync.Mutex
	next *run // not begun
}

type run struct {
	done chan struct{}
	err  error // valid once done is closed
}

func newAction(do func(context.Context) error) *action {
	return &action{do: do, turn: make(chan struct{}, 1)}
}

// ask waits for the next run and returns its result.
func (a *action) ask(ctx context.Context) error {
	a.mu.Lock()
	r := a.next
	if r == nil {
		r = &run{done: make(chan struct{})}
		a.next = r
		go a.start(ctx, r)
	}
	a.mu.Unlock()
	<-r.done
	return r.err
}

// start takes its turn, and keeps it for a second afterwards: a flood of
// requests costs one run a second.
func (a *action) start(ctx context.Context, r *run) {
	a.turn <- struct{}{}
	defer func() { <-a.turn }()
	a.mu.Lock()
	a.next = nil
	a.mu.Unlock()

	limited, cancel := context.WithTimeout(ctx, actLimit)
	defer cancel()
	r.err = a.do(limited)
	close(r.done)
	pause(ctx, actEvery)
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
