package privileges_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/privileges"
)

func programs() map[string]func() {
	return map[string]func(){"become": become, "confined": confined, "undumpable": undumpable}
}

// become turns into uid 4711, gid 4712 with the groups 4712 and 4713, while
// other threads are about, and says what each of them is now.
func become() {
	var ready, done sync.WaitGroup
	done.Add(1)
	for range 4 {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			done.Wait()
		}()
	}
	ready.Wait()
	err := privileges.Become(privileges.User{Name: "test", UID: 4711, GID: 4712, Groups: []int{4713}})
	if errors.Is(err, errors.ErrUnsupported) {
		fmt.Println("unsupported")
		return
	}
	ok(err)
	tasks, err := os.ReadDir("/proc/self/task")
	ok(err)
	for _, task := range tasks {
		status, err := os.ReadFile("/proc/self/task/" + task.Name() + "/status")
		ok(err)
		fmt.Println(identity(string(status)))
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	fmt.Println("dumpable", dumpable, err)
}

// identity is the part of a thread's status that Become is about.
func identity(status string) string {
	keep := []string{"Uid:", "Gid:", "Groups:", "NoNewPrivs:", "CapInh:", "CapPrm:", "CapEff:", "CapAmb:"}
	var words []string
	for line := range strings.Lines(status) {
		if fields := strings.Fields(line); slices.Contains(keep, fields[0]) {
			words = append(words, fields...)
		}
	}
	return strings.Join(words, " ")
}

func TestBecome(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("wants root")
	}
	stdout, stderr, status := run("become")
	if stdout == "unsupported\n" {
		t.Skip("a binary with cgo; ours is built without")
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if status != 0 || len(lines) < 6 {
		t.Fatalf("status %d, %d lines, %q", status, len(lines), stderr)
	}
	const zero = "0000000000000000"
	want := "Uid: 4711 4711 4711 4711 Gid: 4712 4712 4712 4712 Groups: 4712 4713 " +
		"CapInh: " + zero + " CapPrm: " + zero + " CapEff: " + zero + " CapAmb: " + zero + " NoNewPrivs: 1"
	for _, got := range lines[:len(lines)-1] {
		if got != want {
			t.Errorf("a thread is\n%s, expected\n%s", got, want)
		}
	}
	if got := lines[len(lines)-1]; got != "dumpable 0 <nil>" {
		t.Error(got)
	}
}
