// Package commands runs the commands of prngd.conf: in a child of its own user,
// within limits, without orphans or zombies.
package commands

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// Runner is a child of ours that works in our place, as somebody else. It is
// started before there is any secret to be learnt, and outlives our privileges.
// Requests and answers are the caller's bytes, in frames with a length of four
// bytes in front. A request begins with a number of eight bytes, and its answer
// is two frames: the number and what went wrong, if anything; the result.
type Runner struct {
	lines chan net.Conn // free conversations; closed when none is left
	left  atomic.Int32
	next  atomic.Uint64 // the last request's number
	files []*os.File    // all of them, for an upgrade

	unavailable error // why there is no child at all
}

// runnerVariable tells the child that it is a runner: the pid of its parent, how
// many conversations begin at descriptor 3, and its task, with colons between.
const runnerVariable = "PRNGD_RUNNER"

const firstConversation = 3

// runnerArgument marks a runner beyond doubt: one whose parent has ended before
// it could look must end too, and not become a daemon.
const runnerArgument = "--run-commands"

// maxFrame is more than any output of a command (gatherers: 100,000 bytes).
const maxFrame = 1 << 20

// errRunner is what the other side had to say.
type errRunner string

func (e errRunner) Error() string { return string(e) }

// calls are the system calls of StartRunner. A test makes each of them fail.
type calls struct {
	program    func() (string, error)
	socketPair func() ([2]int, error)
	start      func(*exec.Cmd) error
}

var system = calls{process.Program, socketPair, (*exec.Cmd).Start}

// socketPair returns both ends of a stream, which no child inherits.
func socketPair() ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
	}
	return fds, err
}

// StartRunner starts this program again as a runner for so many requests at a
// time; task is what its RunnerChild returns. It ends when we do. An error is no
// reason for a daemon to end, see [Unavailable].
func StartRunner(conversations int, task string) (*Runner, error) {
	return system.startRunner(conversations, task)
}

// Unavailable is a runner that could not be started: each request fails with err.
func Unavailable(err error) *Runner {
	return &Runner{unavailable: fmt.Errorf("restart required: %w", err)}
}

func (c calls) startRunner(conversations int, task string) (*Runner, error) {
	path, err := c.program()
	if err != nil {
		return nil, err
	}
	var ours, theirs []*os.File
	defer func() { closeAll(theirs) }()
	for range conversations {
		fds, err := c.socketPair()
		if err != nil {
			closeAll(ours)
			return nil, fmt.Errorf("making a socket pair for the runner: %w", err)
		}
		ours = append(ours, os.NewFile(uintptr(fds[0]), "runner"))
		theirs = append(theirs, os.NewFile(uintptr(fds[1]), "runner's"))
	}
	child := exec.Cmd{
		Path: path, Args: []string{os.Args[0], runnerArgument}, Dir: "/",
		Env:         []string{fmt.Sprintf("%s=%d:%d:%s", runnerVariable, os.Getpid(), conversations, task)},
		ExtraFiles:  theirs,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := c.start(&child); err != nil {
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
	r.next.Store(uint64(time.Now().UnixNano())) // not one of an earlier program's
	return r, nil
}

// Files returns the conversations, for AdoptRunner after an exec. A nil Runner
// has none.
func (r *Runner) Files() []*os.File {
	if r == nil {
		return nil
	}
	return r.files
}

// Do has a request worked on and returns the answer. If ctx ends first, the
// conversation goes on when the runner has caught up; after any other failure it
// is over.
func (r *Runner) Do(ctx context.Context, request []byte) ([]byte, error) {
	if r.unavailable != nil {
		return nil, r.unavailable
	}
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
	answer, err := converse(ctx, line, r.next.Add(1), request)
	var said errRunner
	if err == nil || errors.As(err, &said) || errors.Is(err, errBetween) {
		r.lines <- line
		return answer, err
	}
	line.Close()
	if r.left.Add(-1) == 0 {
		close(r.lines)
	}
	return nil, fmt.Errorf("talking to the runner: %w", err)
}

// converse asks on one line. Answers to earlier requests, for which nobody
// waits any more, come first and are passed over.
func converse(ctx context.Context, line net.Conn, id uint64, request []byte) ([]byte, error) {
	line.SetDeadline(time.Time{})
	defer context.AfterFunc(ctx, func() { line.SetReadDeadline(time.Unix(1, 0)) })()
	if err := writeFrame(line, binary.BigEndian.AppendUint64(nil, id), request); err != nil {
		return nil, err
	}
	for {
		head, err := readFrame(line)
		if err != nil {
			return nil, err
		}
		line.SetReadDeadline(time.Time{}) // the rest of it is on its way
		answer, err := readFrame(line)
		switch {
		case err != nil:
			return nil, err
		case len(head) < 8:
			return nil, fmt.Errorf("answer without a number")
		case binary.BigEndian.Uint64(head) != id && ctx.Err() != nil:
			return nil, errBetween
		case binary.BigEndian.Uint64(head) != id:
			continue
		case len(head) > 8:
			return answer, errRunner(head[8:])
		}
		return answer, nil
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
