package commands

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// AdoptOrphans makes this process the parent of every descendant that loses its
// own: [EndOrphans] finds also those that have left their process group by
// setsid(2). They are reaped by [Reap].
func AdoptOrphans() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// orphanRounds bounds the hunt, to a second in all: each round ends a generation,
// and those that it leaves behind are the next one's.
const orphanRounds = 20

// EndOrphans kills every child that nobody waits for, and theirs: what a program
// that we ran has left behind. Where children cannot be told apart, see [Reap],
// it kills nobody.
func EndOrphans() {
	for round := range orphanRounds {
		found := false
		for _, pid := range livingChildren() {
			if owned, err := haveDescriptorOf(pid); err != nil || owned {
				continue
			}
			found = unix.Kill(pid, unix.SIGKILL) == nil || found
		}
		if !found {
			return
		}
		time.Sleep(time.Millisecond << min(round, 6)) // they are not dead at once
	}
}

// livingChildren returns the children of this process but for the dead ones,
// none without /proc.
func livingChildren() (pids []int) {
	ours := []byte(strconv.Itoa(os.Getpid()))
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue // gone meanwhile
		}
		// proc_pid_stat(5): the name, which may hold anything, in parentheses, state, parent.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 1 && bytes.Equal(fields[1], ours) && !bytes.Equal(fields[0], []byte("Z")) {
			pids = append(pids, pid)
		}
	}
	return pids
}
