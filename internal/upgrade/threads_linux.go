package upgrade

import (
	"bytes"
	"os"
	"time"
)

// looks is how often HungThread asks. It counts them, and not the time: a process
// that gets no processor has fewer in the same time.
const looks = 10

// HungThread reports whether one of our threads is in one uninterruptible sleep for
// the whole of d: on a disk or a file server that does not answer. An exec would wait
// for it, and nobody be served as long. Many short sleeps, such as those on a lock of
// the address space while the machine is busy, are not one. Without /proc it does not
// know of any.
func HungThread(d time.Duration) bool { return hungIn("/proc/self/task/", d) }

// hungIn is HungThread for a task directory.
func hungIn(dir string, d time.Duration) bool {
	hung := asleep(dir, nil)
	for i := 0; i < looks && len(hung) > 0; i++ {
		time.Sleep(d / looks)
		hung = asleep(dir, hung)
	}
	return len(hung) > 0
}

// asleep returns the uninterruptible sleeps of all threads, of those in among if that
// is not nil. A thread and how often it has left the processor make one sleep.
func asleep(dir string, among map[string]bool) map[string]bool {
	found := map[string]bool{}
	threads, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, thread := range threads {
		status, err := os.ReadFile(dir + thread.Name() + "/status") // proc_pid_status(5)
		_, switches, counted := bytes.Cut(status, []byte("\nvoluntary_ctxt_switches:"))
		sleep := thread.Name() + string(switches)
		if err == nil && counted && bytes.Contains(status, []byte("\nState:\tD")) && (among == nil || among[sleep]) {
			found[sleep] = true
		}
	}
	return found
}
