package gatherers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// maxOutput is where a command's output is cut, as PRNGD cuts it. bytes.
const maxOutput = 100_000

// pipeDelay is how long we go on reading when a command has ended but one of
// its children still holds the pipe.
const pipeDelay = time.Second

// Command gathers the output of a program: an entry of prngd.conf. argv is
// passed as it is, argv[0] included; there is no shell and no search in PATH.
// Standard output and standard error are read together, at most 100,000 bytes.
// The exit status is ignored, as PRNGD ignores it. When it ends, or at timeout
// (0: a minute), its whole process group is killed.
//
// Unpredictable: what the program found, for somebody elsewhere. Predictable:
// anybody on this host can run it too. rate is in bits per byte.
func Command(path string, argv []string, rate Credit, every, timeout time.Duration) Gatherer {
	if timeout <= 0 {
		timeout = time.Minute
	}
	if !(rate > 0) { // PRNGD's files hold NaN and negative rates
		rate = None
	}
	return Gatherer{
		Name:   "command:" + commandLine(path, argv),
		Every:  every,
		Limit:  timeout + 2*pipeDelay, // it ends by itself; this is for the report
		Credit: min(rate, 8),
		Gather: func(ctx context.Context) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			data, err := output(ctx, path, argv, &capped{most: maxOutput, errors: true})
			if ctx.Err() == context.DeadlineExceeded {
				err = fmt.Errorf("killed after %v", timeout)
			}
			return data, err
		},
	}
}

// commandLine is what a user would type: the path, then the arguments.
func commandLine(path string, argv []string) string {
	return strings.Join(append([]string{path}, argv[min(1, len(argv)):]...), " ")
}

// output runs a program until it ends, ctx ends, or out is full.
func output(ctx context.Context, path string, argv []string, out *capped) ([]byte, error) {
	ctx, full := context.WithCancel(ctx)
	defer full()
	out.full = full
	cmd := exec.CommandContext(ctx, path)
	cmd.Path, cmd.Args, cmd.Err = path, argv, nil // undo the search in PATH
	cmd.Dir = "/"
	// Nothing of our own environment: TZ or LD_PRELOAD are none of its business.
	cmd.Env = []string{"PATH=/bin:/usr/bin:/sbin:/usr/sbin:/usr/local/bin", "LC_ALL=C"}
	cmd.Stdout = out
	if out.errors {
		cmd.Stderr = out // one pipe: the same writer
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	killGroup := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = killGroup
	cmd.WaitDelay = pipeDelay

	if err := cmd.Start(); err != nil {
		return nil, startError(path, err)
	}
	cmd.Wait()  // the exit status means nothing
	killGroup() // what the command left behind
	if len(out.data) == 0 {
		return nil, errors.New("no output")
	}
	return out.data, nil
}

// startError says "not found" of a program that is not there: half of a list
// made for another system. The same error about /dev/null is another matter.
func startError(path string, err error) error {
	var pe *fs.PathError
	if errors.Is(err, fs.ErrNotExist) && errors.As(err, &pe) && pe.Path == path {
		return errors.New("not found")
	}
	return err
}

// capped keeps the first most bytes and then calls full.
type capped struct {
	most   int
	errors bool // of standard error as well
	data   []byte
	full   func()
}

func (c *capped) Write(p []byte) (int, error) {
	c.data = append(c.data, p[:min(len(p), c.most-len(c.data))]...)
	if len(c.data) == c.most {
		c.full()
	}
	return len(p), nil
}

// turn is the time between two commands: PRNGD ran one every 49 seconds.
const turn = 49 * time.Second

// atOnce is how many commands run at a time in the first round, where PRNGD
// ran them one by one and a single slow one kept everybody waiting.
const atOnce = 4

// Rotation makes a list of commands take turns, in place, and returns it: all
// run at the start, four at a time; from then on one every 49 seconds, so that
// each comes round every 49 seconds times their number. That is PRNGD's pace,
// and a load that does not grow with the list.
func Rotation(commands []Gatherer) []Gatherer {
	lane := make(chan struct{}, atOnce)
	for i := range commands {
		commands[i].Every = turn * time.Duration(len(commands))
		commands[i].Phase = turn * time.Duration(i)
		commands[i].Lane = lane
	}
	return commands
}
