//go:build linux

package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the processor time of all threads of a process: the scheduler's own account, in nanoseconds, not ticks.
func CPU(pid int) (sum time.Duration) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, name := range tasks {
		var n int64
		b, _ := os.ReadFile(name)
		fmt.Sscan(string(b), &n)
		sum += time.Duration(n)
	}
	return sum
}

// Memory is VmRSS and VmHWM of a process in KiB.
func Memory(pid int) (now, peak int) { return Number(pid, "VmRSS"), Number(pid, "VmHWM") }

// Number is one of proc_pid_status(5), 0 if there is none; sizes are in KiB.
func Number(pid int, field string) (n int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, field+": %d", &n)
	}
	return n
}

// Descriptors are what a process's open ones are, sorted: a path, or "socket".
func Descriptors(t testing.TB, pid int) (list []string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	Must(t, err)
	for _, e := range entries {
		if to, err := os.Readlink(dir + "/" + e.Name()); err == nil { // else it is closed by now
			what, _, _ := strings.Cut(to, ":[")
			list = append(list, what)
		}
	}
	slices.Sort(list)
	return list
}

// Zombies are the dead children that a process has not waited for.
func Zombies(t testing.TB, pid int) []string {
	t.Helper()
	return Running(t, "ppid=,stat=,comm=", fmt.Sprintf(` *%d +Z.*`, pid))
}

// Running are the lines about processes that match a pattern from their beginning; fields are ps(1)'s.
func Running(t testing.TB, fields, pattern string) []string {
	t.Helper()
	return regexp.MustCompile("(?m)^"+pattern).FindAllString(Run(t, "ps", "-A", "-o", fields), -1)
}

// Pin keeps the calling thread on one processor.
func Pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(0, &set)
}
