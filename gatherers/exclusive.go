package gatherers

import (
	"context"
	"os"
	"slices"
	"sync/atomic"
)

// exclusive returns g with samples that wait for each other, and with a Close that
// waits for none: close runs at once, or when the sample under way has ended. What a
// [Runner] has abandoned may still be at work when the gatherer is sampled again.
func exclusive(g Gatherer, close func()) Gatherer {
	busy := make(chan struct{}, 1) // holds one while a sample is under way, and from the close on
	var closing atomic.Bool
	closeIdle := func() {
		select {
		case busy <- struct{}{}:
			close()
		default: // what is under way does it at its end
		}
	}
	gather := g.Gather
	g.Gather = func(ctx context.Context) ([]byte, error) {
		if closing.Load() {
			return nil, os.ErrClosed
		}
		select {
		case busy <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		defer func() {
			<-busy
			if closing.Load() {
				closeIdle()
			}
		}()
		return own(ctx, gather)
	}
	g.Close = func() {
		closing.Store(true)
		closeIdle()
	}
	return g
}

// own returns a sample that comes too late in memory of its own: its taker clears
// it when the buffer may be in use again.
func own(ctx context.Context, gather gather) ([]byte, error) {
	data, err := gather(ctx)
	if ctx.Err() == nil {
		return data, err
	}
	late := slices.Clone(data)
	clear(data)
	return late, err
}
