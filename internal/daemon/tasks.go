package daemon

import (
	"context"
	"sync"
	"time"
)

// tasks is a group of goroutines beside serving. They end before an exec, so
// that children are killed and the seed is saved, and begin again if the exec
// fails.
type tasks struct {
	end context.CancelFunc
	all sync.WaitGroup
}

// startTasks runs each of list on a goroutine of its own, until ctx or stop ends
// them.
func startTasks(ctx context.Context, list ...func(context.Context)) *tasks {
	t := new(tasks)
	ctx, t.end = context.WithCancel(ctx)
	for _, task := range list {
		t.all.Go(func() { task(ctx) })
	}
	return t
}

// stop ends the tasks and reports whether all of them ended within limit. A hung
// gatherer or disk does not keep a daemon from ending.
func (t *tasks) stop(limit time.Duration) bool {
	t.end()
	return waitFor(&t.all, limit)
}

func waitFor(wg *sync.WaitGroup, limit time.Duration) bool {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}
