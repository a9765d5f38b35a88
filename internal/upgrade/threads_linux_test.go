package upgrade_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"prngd/internal/upgrade"
)

// TestHungThread: a thread hangs that stays in one sleep. One that sleeps again and
// again, wakes up or ends does not, nor do any where there is no /proc.
func TestHungThread(t *testing.T) {
	const hangs = "State:\tD (disk sleep)\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n"
	for name, c := range map[string]struct {
		status func(look int) string // of the second thread; "": it has ended
		want   bool
	}{
		"hangs": {func(int) string { return hangs }, true},
		"sleeps again": {func(look int) string {
			return fmt.Sprintf("State:\tD (disk sleep)\nvoluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t1\n", look)
		}, false},
		"wakes up at last": {func(look int) string {
			if look < 9 {
				return hangs
			}
			return "State:\tS (sleeping)\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n"
		}, false},
		"ends": {func(look int) string {
			if look < 5 {
				return hangs
			}
			return ""
		}, false},
		"is not told": {func(int) string { return "" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir() + "/"
			put := func(look int) {
				writeStatus(t, dir+"1", "State:\tR (running)\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n")
				writeStatus(t, dir+"2", c.status(look))
			}
			synctest.Test(t, func(t *testing.T) {
				put(0)
				var writer sync.WaitGroup
				defer writer.Wait()
				writer.Go(func() {
					time.Sleep(50 * time.Millisecond) // between two looks
					for look := 1; look <= 10; look++ {
						put(look)
						time.Sleep(100 * time.Millisecond)
					}
				})
				if got := upgrade.HungIn(dir, time.Second); got != c.want {
					t.Errorf("got %v, expected %v", got, c.want)
				}
			})
		})
	}
}

// writeStatus makes the directory of a thread with its status, or removes it.
func writeStatus(t *testing.T, dir, status string) {
	err := os.RemoveAll(dir)
	if status != "" {
		os.Mkdir(dir, 0o700)
		err = os.WriteFile(filepath.Join(dir, "status"), []byte("Name:\tprngd\n"+status), 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}
