package sources

import "sync"

// freshReseeds makes reseeds on request, one at a time, each for all callers that asked
// before it began: fifty at once cost two of them.
type freshReseeds struct {
	turn chan struct{} // holds one while a reseed is under way
	mu   sync.Mutex
	next *freshReseed // not begun
}

type freshReseed struct {
	done chan struct{}
	err  error // valid once done is closed
}

// join returns the next run of do, which begins after the call.
func (f *freshReseeds) join(do func() error) *freshReseed {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next == nil {
		f.next = &freshReseed{done: make(chan struct{})}
		go f.run(do)
	}
	return f.next
}

func (f *freshReseeds) run(do func() error) {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	f.mu.Lock()
	r := f.next
	f.next = nil
	f.mu.Unlock()
	r.err = do()
	close(r.done)
}
