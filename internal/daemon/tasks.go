package daemon

import (
	"context"
	"time"
)

// tasks is a group of goroutines beside serving. They end before an exec, so
// that children are killed and the seed is saved, and begin again if the exec
// fails.
type tasks struct {
	end   context.CancelFunc
	ended []chan struct{} // closed when the task has ended
}

// startTasks runs each of list on a goroutine of its own, until ctx or stop ends
// them. before is the same list, which was told to stop, or nil: a task that has
// not ended there begins again when it has, and keeps none of the others waiting.
func startTasks(ctx context.Context, before *tasks, list ...func(context.Context)) *tasks {
	t := new(tasks)
	ctx, t.end = context.WithCancel(ctx)
	for i, task := range list {
		ended := make(chan struct{})
		t.ended = append(t.ended, ended)
		go func() {
			defer close(ended)
			if before != nil {
				<-before.ended[i]
			}
			task(ctx)
		}()
	}
	return t
}

// stop ends the tasks and reports whether all of them ended within limit. A hung
// gatherer or disk does not keep a daemon from ending.
func (t *tasks) stop(limit time.Duration) bool {
	t.end()
	over := time.After(limit)
	for _, ended := range t.ended {
		select {
		case <-ended:
		case <-over:
			return false
		}
	}
	return true
}
