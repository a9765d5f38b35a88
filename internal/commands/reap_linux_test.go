package commands

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReapOrphans has one orphan and one child of os/exec die, in both orders.
// Inside the package, because Reap waits a second first.
func TestReapOrphans(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	u := reaper{owned: haveDescriptorOf}
	for _, ownedFirst := range []bool{true, false} {
		var orphan int
		if !ownedFirst {
			orphan = dieOrphaned(t)
		}
		owned := exec.Command("true")
		if err := owned.Start(); err != nil {
			t.Fatal(err)
		}
		awaitDeath(t, owned.Process.Pid)
		if ownedFirst {
			orphan = dieOrphaned(t)
		}
		if _, err := haveDescriptorOf(owned.Process.Pid); err != nil {
			owned.Wait()
			unix.Wait4(orphan, nil, 0, nil)
			t.Skip("children cannot be told apart here:", err)
		}
		if !u.look(true) {
			t.Error("says that nobody's child is left, though one is")
		}
		if err := owned.Wait(); err != nil {
			t.Errorf("os/exec lost its child: %v", err)
		}
		if u.look(true) {
			t.Error("says that somebody's child is left")
		}
		if err := unix.Waitid(unix.P_PID, orphan, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != unix.ECHILD {
			t.Errorf("the orphan is still there: %v", err)
		}
	}
}

// TestReapWithoutDescriptors: where children cannot be told apart, an orphan is
// reaped at the fifth look after the last death, and not at the fourth.
func TestReapWithoutDescriptors(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skip(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	orphans := []int{dieOrphaned(t), dieOrphaned(t)}
	u := reaper{owned: func(int) (bool, error) { return false, os.ErrNoHandle }}
	for i, died := range []bool{true, false, false, true, false, false, false, false} {
		if !u.look(died) {
			t.Fatalf("nobody is left at look %d", i)
		}
	}
	if u.look(false) {
		t.Error("somebody is left at the fifth")
	}
	for _, pid := range orphans {
		if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != unix.ECHILD {
			t.Errorf("orphan %d is still there: %v", pid, err)
		}
	}
}

// dieOrphaned returns the pid of a dead process that became our child when its
// parent ended. It outlives that one by reading a pipe until we close it.
func dieOrphaned(t *testing.T) int {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command("sh", "-c", "cat <&3 >/dev/null 2>&1 & echo $!")
	parent.ExtraFiles = []*os.File{r}
	out, err := parent.Output()
	r.Close()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	awaitDeath(t, pid)
	return pid
}

// awaitDeath returns when our child pid is dead, and leaves it unreaped.
func awaitDeath(t *testing.T, pid int) {
	t.Helper()
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatalf("waiting for pid %d: %v", pid, err)
	}
}
