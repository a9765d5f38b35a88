package daemon

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A task that does not end, as with a hung disk, keeps none of the others from
// beginning again, and never runs twice at a time.
func TestTasksBeginAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs, hungRuns, hungNow int
		answer := make(chan struct{})
		prompt := func(ctx context.Context) { runs++; <-ctx.Done() }
		hung := func(ctx context.Context) {
			hungRuns++
			if hungNow++; hungNow > 1 {
				t.Error("the hung task runs twice at a time")
			}
			<-ctx.Done()
			<-answer
			hungNow--
		}
		var all *tasks
		for want := 1; want <= 3; want++ {
			all = startTasks(t.Context(), all, prompt, hung)
			synctest.Wait()
			if runs != want || hungRuns != 1 {
				t.Errorf("start %d: %d runs of the prompt task, %d of the hung one", want, runs, hungRuns)
			}
			if all.stop(time.Second) {
				t.Error("stopped although a task hangs")
			}
		}
		close(answer)
		if !all.stop(time.Second) || hungRuns != 3 || hungNow != 0 {
			t.Errorf("once the disk answers: %d runs, %d at a time", hungRuns, hungNow)
		}
	})
}
