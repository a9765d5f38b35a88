package gatherers_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"prngd/gatherers"
)

const sh = "/bin/sh"

// shell is a command that runs a script.
func shell(script string, timeout time.Duration) gatherers.Gatherer {
	return gatherers.Command(sh, []string{"sh", "-c", script}, 1, time.Minute, timeout)
}

func TestCommandOutput(t *testing.T) {
	t.Setenv("TZ", "Mars/Olympus")
	t.Setenv("PRNGD_TEST", "inherited")
	for _, c := range []struct {
		name, script, want string
	}{
		{"both streams", "echo out; echo err >&2", "out\nerr\n"},
		{"exit status ignored", "echo fine; exit 3", "fine\n"},
		{"standard input is empty", "cat; echo end", "end\n"},
		{"directory", "pwd", "/\n"},
		{"environment", `echo "$LC_ALL/$TZ/$PRNGD_TEST/$HOME/${PATH%%:*}"`, "C/////bin\n"},
		{"own process group", `test "$(ps -o pgid= -p $$ | tr -d " ")" = $$ && echo yes`, "yes\n"},
	} {
		if c.name == "own process group" {
			if _, err := os.Stat("/bin/ps"); err != nil {
				continue
			}
		}
		data, err := shell(c.script, 0).Gather(t.Context())
		if string(data) != c.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", c.name, data, err, c.want)
		}
	}
}

func TestCommandArgumentsAsGiven(t *testing.T) {
	g := gatherers.Command(sh, []string{"liar", "-c", "echo $0"}, 0, time.Minute, 0)
	if data, err := g.Gather(t.Context()); string(data) != "liar\n" {
		t.Errorf("argv[0]: %q, %v", data, err)
	}
	data, err := gatherers.Command("/bin/echo", []string{"echo", "*", "$HOME", "a  b"}, 0, time.Minute, 0).Gather(t.Context())
	if string(data) != "* $HOME a  b\n" {
		t.Errorf("a shell had a hand in it: %q, %v", data, err)
	}
}

func TestCommandNameAndCredit(t *testing.T) {
	argv := []string{"ls", "-alni", "/tmp"}
	g := gatherers.Command("/bin/ls", argv, 0.02, time.Minute, 0)
	if g.Name != "command:/bin/ls -alni /tmp" || g.Credit != 0.02 {
		t.Errorf("%s, %v", g.Name, g.Credit)
	}
	for _, c := range []struct {
		rate, want gatherers.Credit
	}{{0, 0}, {9, 8}, {-1, 0}, {1, 1}, {gatherers.Credit(math.NaN()), 0}} {
		if g := gatherers.Command("/bin/ls", argv, c.rate, time.Minute, 0); g.Credit != c.want {
			t.Errorf("rate %v: %v, want %v", c.rate, g.Credit, c.want)
		}
	}
}

func TestCommandOutputIsCapped(t *testing.T) {
	data, err := shell("while :; do echo 0123456789; done", 0).Gather(t.Context())
	if len(data) != 100_000 || err != nil {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestMissingProgram(t *testing.T) {
	for _, path := range []string{"/nonexistent/vmstat", "no-such-program"} {
		data, err := gatherers.Command(path, []string{"x"}, 1, time.Minute, 0).Gather(t.Context())
		if data != nil || err == nil || err.Error() != "not found" {
			t.Errorf("%s: %q, %v", path, data, err)
		}
	}
	if _, err := gatherers.Command("sh", []string{"sh", "-c", "echo x"}, 0, time.Minute, 0).Gather(t.Context()); err == nil {
		t.Error("PATH was searched")
	}
	if _, err := gatherers.Command("/etc/passwd", []string{"x"}, 0, time.Minute, 0).Gather(t.Context()); !errors.Is(err, os.ErrPermission) {
		t.Errorf("not executable: %v", err)
	}
}

// alive returns a pipe in the file system whose reader sees its end when the
// last process that a script gave it to is dead.
func alive(t *testing.T) (path string, dead func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "alive")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return path, func() {
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Error(err)
		}
	}
}

func TestTimeoutKillsTheFamily(t *testing.T) {
	fifo, dead := alive(t)
	script := "(trap '' TERM INT HUP; sleep 300; echo no) 3>" + fifo + " & echo begun; wait"
	data, err := shell(script, 300*time.Millisecond).Gather(t.Context())
	if string(data) != "begun\n" || err == nil || err.Error() != "killed after 300ms" {
		t.Errorf("%q, %v", data, err)
	}
	dead()
}

func TestEndOfRunKillsTheFamily(t *testing.T) {
	fifo, dead := alive(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		shell("(sleep 300) 3>"+fifo+" & echo x >"+fifo+"; wait", 0).Gather(ctx)
		close(ended)
	}()
	r, err := os.OpenFile(fifo, os.O_RDONLY, 0) // waits for the script to write
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(r, make([]byte, 2))
	r.Close()
	stop()
	<-ended
	dead()
}

// The program ends, its child holds the pipe: we have what it said, soon.
func TestOrphanDoesNotHoldUsUp(t *testing.T) {
	fifo, dead := alive(t)
	data, err := shell("sleep 300 3>"+fifo+" & echo hello", 0).Gather(t.Context())
	if string(data) != "hello\n" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	dead()
}

func TestCommandsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		var list []gatherers.Gatherer
		var at []*[]int
		for i := range 10 {
			gather, seconds := times(func(context.Context) ([]byte, error) {
				most.Store(max(most.Load(), running.Add(1)))
				defer running.Add(-1)
				time.Sleep(2 * time.Second)
				return []byte("x"), nil
			})
			at = append(at, seconds)
			list = append(list, gatherers.Gatherer{Name: string(rune('a' + i)), Gather: gather})
		}
		b := newBed()
		b.during(t, gatherers.Rotation(list), func() { time.Sleep(1000 * time.Second) })
		if most.Load() != 4 {
			t.Errorf("%d at a time, want 4", most.Load())
		}
		for i, seconds := range at {
			want := []int{49 * i, 490 + 49*i}
			if i == 0 {
				want = []int{490, 980} // second 0 was its turn in the first round
			}
			if s := *seconds; s[0] > 4 || !slices.Equal(s[1:3], want) {
				t.Errorf("command %d ran at %v, want about 0, then %v", i, s, want)
			}
		}
	})
}
