package daemon

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"prngd/internal/change"
)

// A refusal stays until a change succeeds. Requests made before a run begins
// share it, and a run that hangs keeps nobody from asking.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs, hold := 0, make(chan error)
		c := newChanges(map[string]func(context.Context) error{
			"reload":  func(context.Context) error { runs++; return <-hold },
			"upgrade": func(context.Context) error { return nil },
		})
		ctx, cancel := context.WithCancel(t.Context())
		go c.run(ctx)
		first := c.submit("reload")
		synctest.Wait() // the first run has begun
		second, third := c.submit("reload"), c.submit("reload")
		if second != third || second == first {
			t.Error("requests before a run begins do not share it, or share the one under way")
		}
		limited, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		if err := c.ask("upgrade")(limited); !change.IsLater(err) {
			t.Errorf("while a reload hangs, an upgrade says %v, expected that it is under way", err)
		}
		hold <- errors.New("line 3")
		<-first.done
		if r := c.refused(); r == nil || r.Kind != "reload" || r.Status != 78 || r.Error != "line 3" {
			t.Errorf("refused is %+v", r)
		}
		hold <- change.Later(errors.New("busy"))
		<-second.done
		synctest.Wait()
		if r := c.refused(); r != nil {
			t.Errorf("after an upgrade that succeeded, refused is %+v", r)
		}
		if runs != 2 {
			t.Errorf("%d runs, expected 2", runs)
		}
		cancel()
	})
}
