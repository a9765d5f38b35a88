package sources

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"prngd/internal/change"
)

// Prediction resistance on request: the bytes are made after a reseed with noise
// that was begun after the request; fifty requests share reseeds, and nobody else
// waits.
func TestFresh(t *testing.T) {
	play(t, func(b *bubble) {
		before := b.generator.Stats().Reseeds
		b.Kick()
		time.Sleep(jitterTime / 2) // a sample is under way: it must not count
		began := time.Now()
		if _, err := b.Fresh(b.t.Context(), 64); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != jitterTime-jitterTime/2+2*jitterTime {
			t.Errorf("answered after %v", took)
		}
		if n := b.generator.Stats().Reseeds - before; n < 1 || n > 2 { // an ordinary one is due as well
			t.Errorf("%d reseeds", n)
		}

		var asking sync.WaitGroup
		var mu sync.Mutex
		replies := map[string]bool{}
		for range 50 {
			asking.Go(func() {
				reply, err := b.Fresh(b.t.Context(), 32)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				replies[string(reply)] = true
			})
		}
		time.Sleep(jitterTime)
		if !b.generate() {
			t.Error("an ordinary client is held")
		}
		asking.Wait()
		synctest.Wait()
		if n := b.generator.Stats().Reseeds - before; len(replies) != 50 || n > 4 {
			t.Errorf("%d different replies after %d reseeds", len(replies), n)
		}
	}, burst("jitter", jitterTime, 256), burst("kernel", 0, 512))
}

// Kernel bytes alone answer no such request.
func TestFreshWithoutNoise(t *testing.T) {
	play(t, func(b *bubble) {
		if reply, err := b.Fresh(b.t.Context(), 64); !change.IsLater(err) {
			t.Errorf("%d bytes without independent noise, %v", len(reply), err)
		}
		if _, err := b.Fresh(b.t.Context(), 1<<16+1); err == nil || change.IsLater(err) || !strings.Contains(err.Error(), "at most 65536") {
			t.Errorf("too many bytes at once: %v", err)
		}
	}, burst("kernel", 0, 512))
}

// Reseeds on request come one after the other. A request during one gets the next.
func TestFreshReseedsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := freshReseeds{turn: make(chan struct{}, 1)}
		end, begun := make(chan struct{}), 0
		do := func() error { begun++; <-end; return nil }
		first := f.join(do)
		synctest.Wait()
		second := f.join(do)
		if third := f.join(do); second == first || third != second {
			t.Error("requests during a reseed do not share the next one")
		}
		synctest.Wait()
		if begun != 1 {
			t.Errorf("%d at the same time", begun)
		}
		close(end)
		<-first.done
		<-second.done
		if begun != 2 {
			t.Errorf("%d for two", begun)
		}
	})
}
