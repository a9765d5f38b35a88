package commands

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestStartRunnerA26 makes each step of a start fail: it is an error, nothing is
// left open, and a runner that is unavailable says why.
func TestStartRunnerA26(t *testing.T) {
	refused := errors.New("refused")
	pairs := 0
	for name, c := range map[string]calls{
		"program":     {func() (string, error) { return "", refused }, socketPair, (*exec.Cmd).Start},
		"socket pair": {system.program, func() ([2]int, error) { return [2]int{}, refused }, (*exec.Cmd).Start},
		"the second socket pair": {system.program, func() ([2]int, error) {
			if pairs++; pairs == 2 {
				return [2]int{}, refused
			}
			return socketPair()
		}, (*exec.Cmd).Start},
		"/dev/null": {system.program, socketPair, func(*exec.Cmd) error { return refused }},
	} {
		before := openDescriptors(t)
		r, err := c.startRunner(3, "task")
		if r != nil || !errors.Is(err, refused) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		if after := openDescriptors(t); after != before {
			t.Errorf("%s: open are %s, before %s", name, after, before)
		}
		answer, err := Unavailable(err).Do(t.Context(), []byte("request"))
		if answer != nil || !errors.Is(err, refused) || Unavailable(err).Files() != nil {
			t.Errorf("%s: asked for a command: %q, %v", name, answer, err)
		}
	}
}

// A socket of the runner's is not inherited by what else is started meanwhile.
func TestSocketPairClosesOnExec(t *testing.T) {
	fds, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d: flags %#x, %v", fd, flags, err)
		}
		unix.Close(fd)
	}
}

func openDescriptors(t *testing.T) string {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return fmt.Sprint(names)
}
