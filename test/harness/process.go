//go:build linux

package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CPU is the processor time of all threads of a process: the scheduler's own
// account, in nanoseconds, not ticks.
func CPU(pid int) time.Duration {
	var sum int64
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, name := range tasks {
		b, _ := os.ReadFile(name)
		ns, _, _ := bytes.Cut(b, []byte(" "))
		n, _ := strconv.ParseInt(string(ns), 10, 64)
		sum += n
	}
	return time.Duration(sum)
}

// Memory is VmRSS and VmHWM of a process in KiB.
func Memory(pid int) (now, peak int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, _ := strconv.Atoi(fields[1])
		switch fields[0] {
		case "VmRSS:":
			now = n
		case "VmHWM:":
			peak = n
		}
	}
	return now, peak
}

// Descriptors are what a process's open ones are, sorted: a path, or "socket".
func Descriptors(pid int) (list []string, err error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading descriptors: %w", err)
	}
	for _, e := range entries {
		if to, err := os.Readlink(dir + "/" + e.Name()); err == nil { // else it is closed by now
			what, _, _ := strings.Cut(to, ":[")
			list = append(list, what)
		}
	}
	slices.Sort(list)
	return list, nil
}
