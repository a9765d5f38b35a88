package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Runner is a child of ours that works in our place, as somebody else. It is
// started before there is any secret to be learnt, and outlives our privileges.
// Requests and answers are the caller's bytes; each is one frame, a length of
// four bytes in front.
type Runner struct {
	lines chan net.Conn // free conversations; closed when none is left
	left  atomic.Int32
	files []*os.File // all of them, for an upgrade
}

// runnerVariable tells the child that it is a runner: the pid of its parent, how
// many conversations begin at descriptor 3, and its task, with colons between.
const runnerVariable = "PRNGD_RUNNER"

const firstConversation = 3

// maxFrame is more than any output of a command (gatherers: 100,000 bytes).
const maxFrame = 1 << 20

// errRunner is what the other side had to say.
type errRunner string

func (e errRunner) Error() string { return string(e) }

// StartRunner starts this program again as a runner for so many requests at a
// time; task is what its RunnerChild returns. It ends when we do.
func StartRunner(conversations int, task string) (*Runner, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding our own program file: %w", err)
	}
	var ours, theirs []*os.File
	defer func() { closeAll(theirs) }()
	for range conversations {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			closeAll(ours)
			return nil, fmt.Errorf("making a socket pair for the runner: %w", err)
		}
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
		ours = append(ours, os.NewFile(uintptr(fds[0]), "runner"))
		theirs = append(theirs, os.NewFile(uintptr(fds[1]), "runner's"))
	}
	child := exec.Cmd{
		Path: path, Args: os.Args[:1], Dir: "/",
		Env:         []string{fmt.Sprintf("%s=%d:%d:%s", runnerVariable, os.Getpid(), conversations, task)},
		ExtraFiles:  theirs,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := child.Start(); err != nil {
		closeAll(ours)
		return nil, fmt.Errorf("starting the runner: %w", err)
	}
	go child.Wait()
	return AdoptRunner(ours)
}

// AdoptRunner is the runner at the other end of these sockets, which an
// earlier program in this process has started.
func AdoptRunner(files []*os.File) (*Runner, error) {
	r := &Runner{lines: make(chan net.Conn, len(files)), files: files}
	for _, f := range files {
		line, err := net.FileConn(f)
		if err != nil {
			return nil, fmt.Errorf("talking to the runner: %w", err)
		}
		r.lines <- line
	}
	r.left.Store(int32(len(files)))
	return r, nil
}

// Files returns the conversations, for AdoptRunner after an exec.
func (r *Runner) Files() []*os.File { return r.files }

// Do has a request worked on and returns the answer. After a failed
// conversation, or when ctx ends first, that conversation is over.
func (r *Runner) Do(ctx context.Context, request []byte) ([]byte, error) {
	var line net.Conn
	select {
	case l, ok := <-r.lines:
		if !ok {
			return nil, errors.New("the runner is gone")
		}
		line = l
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer context.AfterFunc(ctx, func() { line.SetDeadline(time.Unix(1, 0)) })()
	answer, err := converse(line, request)
	var said errRunner
	if err != nil && !errors.As(err, &said) {
		line.Close() // out of step: what comes next on it may answer this
		if r.left.Add(-1) == 0 {
			close(r.lines)
		}
		return nil, fmt.Errorf("talking to the runner: %w", err)
	}
	r.lines <- line
	return answer, err
}

func converse(line net.Conn, request []byte) ([]byte, error) {
	if err := writeFrame(line, request); err != nil {
		return nil, err
	}
	problem, err := readFrame(line)
	if err != nil {
		return nil, err
	}
	answer, err := readFrame(line)
	if err == nil && len(problem) > 0 {
		err = errRunner(problem)
	}
	return answer, err
}

// RunnerChild returns the task and the conversations of a process that
// StartRunner started; in every other there are none.
func RunnerChild() (task string, lines []net.Conn) {
	words := strings.SplitN(os.Getenv(runnerVariable), ":", 3)
	os.Unsetenv(runnerVariable)
	if len(words) != 3 || words[0] != strconv.Itoa(os.Getppid()) {
		return "", nil
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return "", nil
	}
	for fd := firstConversation; fd < firstConversation+min(n, 64); fd++ {
		unix.CloseOnExec(fd)
		f := os.NewFile(uintptr(fd), "runner")
		line, err := net.FileConn(f)
		f.Close()
		if err != nil {
			return "", nil
		}
		lines = append(lines, line)
	}
	return words[2], lines
}

// ServeRunner answers requests by do until every conversation has ended, that
// is until the daemon has.
func ServeRunner(lines []net.Conn, do func([]byte) ([]byte, error)) {
	var all sync.WaitGroup
	for _, line := range lines {
		all.Go(func() {
			defer line.Close()
			for {
				request, err := readFrame(line)
				if err != nil {
					return
				}
				problem := ""
				answer, err := do(request)
				if err != nil {
					problem = err.Error()
				}
				if writeFrame(line, []byte(problem)) != nil || writeFrame(line, answer) != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

func writeFrame(w io.Writer, b []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes, expected at most %d", n, maxFrame)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
