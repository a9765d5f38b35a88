package upgrade

import (
	"bytes"
	"os"
	"time"
)

// HungThread reports whether one of our threads has been in an uninterruptible
// sleep for the whole of d: on a disk or a file server that does not answer. An
// exec would wait for it, and nobody be served as long. Without /proc it does
// not know of any.
func HungThread(d time.Duration) bool {
	hung := asleep(nil)
	for end := time.Now().Add(d); len(hung) > 0 && time.Now().Before(end); {
		time.Sleep(d / 10)
		hung = asleep(hung)
	}
	return len(hung) > 0
}

// asleep returns the threads that are in such a sleep, of those in among if that
// is not nil.
func asleep(among map[string]bool) map[string]bool {
	found := map[string]bool{}
	const dir = "/proc/self/task/"
	threads, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, thread := range threads {
		if among != nil && !among[thread.Name()] {
			continue
		}
		stat, err := os.ReadFile(dir + thread.Name() + "/stat")
		if err == nil && bytes.Contains(stat, []byte(") D ")) { // proc_pid_stat(5), field 3
			found[thread.Name()] = true
		}
	}
	return found
}
