package sources

import (
	"context"
	"errors"
	"sync"
	"time"

	"prngd/internal/change"
	"prngd/internal/prng"
)

// freshLimit bounds the time that a reseed on request may take.
const freshLimit = 10 * time.Second

// Fresh returns n bytes, at most [prng.MaxBytesPerRequest], made after a reseed
// with 320 credited bits of independent noise that was sampled after the call
// (prediction resistance, SP 800-90A, 8.8): the 256 of the security strength and
// 64 for the conditioning. Other clients are served meanwhile. The caller clears
// the bytes.
func (s *Sources) Fresh(ctx context.Context, n int) ([]byte, error) {
	if n < 0 || n > prng.MaxBytesPerRequest {
		return nil, errors.New("at most 65536 bytes at a time")
	}
	r := s.fresh.join(s.reseedOnRequest)
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.err != nil {
		return nil, r.err
	}
	b := make([]byte, n)
	made := false
	prng.Cleanly(func() { made = s.generator.Generate(b) })
	if !made {
		return nil, change.Later(errors.New("a reseed is required before the next reply: ask again"))
	}
	return b, nil
}

// reseedOnRequest asks for noise until the generator has reseeded with it.
func (s *Sources) reseedOnRequest() error {
	done := s.generator.RequestReseed()
	if done == nil {
		return change.Later(errors.New("not seeded yet: there is nothing to reseed"))
	}
	again, limit := time.NewTicker(askAgain), time.NewTimer(freshLimit)
	defer again.Stop()
	defer limit.Stop()
	for {
		s.Kick()
		select {
		case <-done:
			return nil
		case <-again.C:
		case <-limit.C:
			return change.Later(errors.New("no independent source of noise gave 320 bits in time: see egdquery status"))
		}
	}
}

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
