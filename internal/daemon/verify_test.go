package daemon

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"prngd/internal/control"
)

// slowPart answers after a time that a test sets.
type slowPart struct {
	part
	name  string
	takes atomic.Int64 // ns
	asked atomic.Int64
}

func (p *slowPart) check(context.Context) []control.Check {
	p.asked.Add(1)
	time.Sleep(time.Duration(p.takes.Load()))
	return []control.Check{{What: p.name, Asked: "good", Is: "good"}}
}

// TestSlowAnswer: a part that does not answer in time is unknown until it does, keeps
// no other part waiting, and is not asked a second time meanwhile. An answer to a
// question from before another one counts for nothing.
func TestSlowAnswer(t *testing.T) {
	const unknown = "unknown: no answer in 2s"
	synctest.Test(t, func(t *testing.T) {
		began, slow, quick := time.Now(), &slowPart{name: "slow"}, &slowPart{name: "quick"}
		slow.takes.Store(int64(30 * time.Second))
		v := &verifier{parts: []named{{name: "slow", part: slow}, {name: "quick", part: quick}}}
		go v.run(t.Context())
		for _, step := range []struct {
			at    time.Duration
			is    string
			asked int64
		}{
			{2 * time.Second, "", 1},
			{4 * time.Second, unknown, 1},
			{32 * time.Second, "good", 1},
			{66 * time.Second, unknown, 2}, // the second round; from now on an answer takes 90 s
			{130 * time.Second, unknown, 2},
			{156 * time.Second, unknown, 2}, // it has answered, but was to be asked again
			{250 * time.Second, unknown, 3},
			{280 * time.Second, unknown, 3},
		} {
			time.Sleep(step.at - time.Since(began))
			synctest.Wait()
			if step.asked == 1 && step.is == "good" {
				slow.takes.Store(int64(90 * time.Second))
			}
			var r control.Report
			v.report(&r)
			is := map[string]string{}
			for _, c := range r.Checks {
				is[c.What] = c.Is
			}
			if got := is["slow"]; got != step.is || slow.asked.Load() != step.asked {
				t.Errorf("at %s: it is %q and was asked %d times, expected %q and %d", step.at, got, slow.asked.Load(), step.is, step.asked)
			}
		}
		if quick.asked.Load() < 3 {
			t.Errorf("the quick part was asked %d times", quick.asked.Load())
		}
	})
}
