package commands_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/commands"
)

// runner is started by startrunner below and answers in capitals.
func runner() bool {
	is, task, lines := commands.RunnerChild(os.Args)
	if !is {
		return false
	}
	commands.ServeRunner(lines, func(ctx context.Context, b []byte) ([]byte, error) {
		word, fifo, _ := strings.Cut(string(b), " ")
		switch word {
		case "task":
			return []byte(task), nil
		case "slow":
			os.ReadFile(fifo) // until somebody has opened it to write
		case "die":
			os.Exit(1)
		case "environment":
			return []byte(fmt.Sprint(os.Getenv("SECRET"))), nil
		case "fail":
			return []byte("half"), errors.New("no way")
		}
		return []byte(strings.ToUpper(string(b))), nil
	})
	return true
}

// startrunner prints what a runner answers.
func startrunner() {
	if runner() {
		return
	}
	r, err := commands.StartRunner(2, "a:b")
	ok(err)
	ctx := context.Background()
	for _, request := range []string{"hello", "task", "fail", "environment"} {
		answer, err := r.Do(ctx, []byte(request))
		fmt.Printf("%q %v\n", answer, err)
	}
	dir, err := os.MkdirTemp("", "runner")
	ok(err)
	defer os.RemoveAll(dir)
	ok(unix.Mkfifo(dir+"/fifo", 0o600))
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = r.Do(short, []byte("slow "+dir+"/fifo"))
	fmt.Println("slow:", err)
	ok(os.WriteFile(dir+"/fifo", nil, 0))
	// A program that takes our place gets its own answers, not those we gave up.
	r, err = commands.AdoptRunner(r.Files())
	ok(err)
	for range 2 {
		answer, err := r.Do(ctx, []byte("and on"))
		fmt.Printf("%q %v\n", answer, err)
	}
	for range 2 {
		_, err = r.Do(ctx, []byte("die"))
		fmt.Println("die:", err != nil)
	}
	_, err = r.Do(ctx, []byte("anybody?"))
	fmt.Println("then:", err)
}

func TestRunner(t *testing.T) {
	t.Setenv("SECRET", "of the daemon's")
	out, err := exec.CommandContext(t.Context(), "startrunner").CombinedOutput()
	want := `"HELLO" <nil>
"a:b" <nil>
"half" no way
"" <nil>
slow: no answer in time
"AND ON" <nil>
"AND ON" <nil>
die: true
die: true
then: the runner is gone
`
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s\nexpected\n%s", err, out, want)
	}
}

// A runner whose parent is gone has nothing to do, and is nothing else either.
func TestOrphanedRunner(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "startrunner", "--run-commands").CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v, %q; expected a silent end", err, out)
	}
}

// A process that another one has started as a runner, with the descriptors for it,
// does not work for that one: the parent that it was told of is not its own.
func TestRunnerOfAnotherParent(t *testing.T) {
	for parent, want := range map[int]string{os.Getpid(): "HELLO", 1: ""} {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.CloseOnExec(fds[0])
		ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
		cmd := exec.Command("startrunner", "--run-commands")
		cmd.Env = append(os.Environ(), fmt.Sprintf("PRNGD_RUNNER=%d:1:task", parent))
		cmd.ExtraFiles = []*os.File{theirs}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		theirs.Close()
		r, err := commands.AdoptRunner([]*os.File{ours})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := r.Do(t.Context(), []byte("hello"))
		if string(answer) != want || (err == nil) != (want != "") {
			t.Errorf("parent %d: %q, %v, expected %q", parent, answer, err, want)
		}
		cmd.Process.Kill()
		cmd.Wait()
		ours.Close()
	}
}
