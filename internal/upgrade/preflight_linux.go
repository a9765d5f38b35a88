package upgrade

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/change"
	"prngd/internal/process"
)

// PreflightTime is how long a preflight may take.
const PreflightTime = 5 * time.Second

const (
	// preflightArgument stands before the arguments of a program that is tried. It
	// is no variable of the environment: a program that knows nothing of preflights
	// would overlook that and begin to serve; an unknown option it refuses.
	preflightArgument = "--preflight-upgrade"

	// Where the tried program finds the state document, and where it answers.
	preflightState, preflightReply = 3, 4

	// couldTakeOver begins its answer: exit status 0 alone /bin/true has, too. The
	// resolved settings follow behind their length, of eight bytes.
	couldTakeOver = "could take over\n"

	// maxResolved bounds the resolved settings, in bytes.
	maxResolved = 8 << 20
)

// errSlow says that the limit of a preflight has passed.
var errSlow = change.Later(fmt.Errorf("it did not answer in time, %v at most", PreflightTime))

// Preflight runs p as a child, with argv and a state document as [Program.Exec]
// would give it, executed in the same way, under the same limits and sandbox. It
// returns what p has resolved, if p says in time that it could take over; else
// why not, marked by [change.Later] where that may pass: p's exit status was 75,
// it did not answer, or the system lacks something. The child then waits as the
// guard of an exec, until Close.
//
// p gets copies of descriptors, in their order, as [Preflighted.Descriptors].
func (p *Program) Preflight(ctx context.Context, argv []string, state []byte, descriptors []int) (resolved []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, PreflightTime)
	defer cancel()
	resolved, err = p.preflight(ctx, argv, state, descriptors)
	if err != nil {
		return nil, fmt.Errorf("preflight of %s: %w", p.origin.Path, laterIfTemporary(err))
	}
	return resolved, nil
}

func (p *Program) preflight(ctx context.Context, argv []string, state []byte, descriptors []int) ([]byte, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	document, err := Memory(state)
	if err != nil {
		return nil, err
	}
	defer document.Close()
	ours, fd, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	said := &limited{left: 4096}
	child := exec.Command(name)
	child.Args = append([]string{argv[0], preflightArgument}, argv[1:]...)
	child.Env = append(process.Unsupervised(), p.origin.Variable())
	child.Stderr = said
	child.ExtraFiles = []*os.File{document, theirs}
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	child.WaitDelay = time.Second
	err = child.Start()
	theirs.Close()
	if err != nil {
		ours.Close()
		return nil, withoutName(err)
	}
	stop := context.AfterFunc(ctx, func() {
		unix.Kill(-child.Process.Pid, unix.SIGKILL)
		ours.SetReadDeadline(time.Unix(1, 0)) // a grandchild may hold the other end
	})
	defer stop()
	g := &guard{conn: ours, fd: fd, pid: child.Process.Pid, child: child}
	var resolved []byte
	if err = sendDescriptors(ours, descriptors); err == nil || errors.Is(err, unix.EPIPE) { // what has ended says more
		resolved, err = readReply(ours)
	}
	if err == nil && stop() {
		p.guard.dismiss()
		p.guard = g
		return resolved, nil
	}
	ours.Close()
	return nil, failure(ctx, child, said, err)
}

// failure ends a child that has not passed, and says why it has not.
func failure(ctx context.Context, child *exec.Cmd, said *limited, err error) error {
	if ctx.Err() == nil && errors.Is(err, errAnswer) {
		unix.Kill(-child.Process.Pid, unix.SIGKILL)
		child.Wait()
		return err
	}
	ended := child.Wait()
	var exited *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return errSlow
	case errors.As(ended, &exited) && exited.ExitCode() == change.ExitLater:
		return change.Later(fmt.Errorf("%w%s", ended, said.lastLine()))
	case ended != nil:
		return fmt.Errorf("%w%s", ended, said.lastLine())
	}
	return fmt.Errorf("it ended at once, without a word on whether it could take over%s", said.lastLine())
}

// socketPair returns both ends of a stream, and the descriptor of ours, which has
// deadlines.
func socketPair() (ours *os.File, fd int, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, -1, nil, os.NewSyscallError("socketpair", err)
	}
	unix.SetNonblock(fds[0], true)
	return os.NewFile(uintptr(fds[0]), "guard"), fds[0], os.NewFile(uintptr(fds[1]), "guard's"), nil
}

// errAnswer says that a program has answered, and not what it should.
var errAnswer = errors.New("expected " + strings.TrimSpace(couldTakeOver) + " and resolved settings")

// readReply reads the answer of the tried program. An end of file has no error
// of its own: the exit status says more.
func readReply(from *os.File) ([]byte, error) {
	head := make([]byte, len(couldTakeOver)+8)
	if n, err := io.ReadFull(from, head); err != nil {
		if n > 0 && !bytes.HasPrefix([]byte(couldTakeOver), head[:min(n, len(couldTakeOver))]) {
			return nil, fmt.Errorf("it said %.20q: %w", head[:n], errAnswer)
		}
		return nil, err
	}
	length := binary.BigEndian.Uint64(head[len(couldTakeOver):])
	if string(head[:len(couldTakeOver)]) != couldTakeOver {
		return nil, fmt.Errorf("it said %.20q: %w", head, errAnswer)
	}
	if length > maxResolved {
		return nil, fmt.Errorf("%d bytes of resolved settings, at most %d: %w", length, maxResolved, errAnswer)
	}
	resolved := make([]byte, length)
	_, err := io.ReadFull(from, resolved)
	return resolved, err
}

// withoutName drops the name by which we executed the program, a descriptor.
func withoutName(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// limited keeps the first bytes of what is written.
type limited struct {
	said bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(l.left, len(b))
	l.said.Write(b[:n])
	l.left -= n
	return len(b), nil
}

// lastLine is the last line that was written, for an error, or the first of a
// trace of the Go runtime, which says why.
func (l *limited) lastLine() string {
	text := strings.TrimSpace(l.said.String())
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return ": " + strings.TrimSpace(line)
		}
	}
	if text == "" {
		return ""
	}
	return ": " + text[strings.LastIndexByte(text, '\n')+1:]
}

// Preflighted is a preflight on the side of the program that is tried. It must
// touch nothing: the one that serves is still there.
type Preflighted struct {
	Argv  []string // as without the preflight
	State []byte
	// Descriptors are copies of those that Preflight was given, close-on-exec, as
	// far as they came; Err says why not all did.
	Descriptors []int
	Err         error

	parent int
}

// InPreflight returns the preflight that argv asks for, nil if it asks for none.
func InPreflight(argv []string) *Preflighted {
	if len(argv) < 2 || argv[1] != preflightArgument {
		return nil
	}
	document := os.NewFile(preflightState, "state document")
	defer document.Close()
	closeOnExec([]int{preflightReply})
	state, _ := ReadMemory(document) // what is missing, its reader finds out
	descriptors, err := receiveDescriptors(preflightReply)
	return &Preflighted{append([]string{argv[0]}, argv[2:]...), state, descriptors, err, os.Getppid()}
}

// Pass says that this program could take over with what it has resolved, at most
// 8 MiB, which the executed program gets back as [Inheritance.Resolved]. Then it
// waits, as the guard of that exec; the program is to exit with status 0 when it
// returns.
func (p *Preflighted) Pass(resolved []byte) error {
	if len(resolved) > maxResolved {
		return fmt.Errorf("ending the preflight: %d bytes of resolved settings, at most %d", len(resolved), maxResolved)
	}
	reply := os.NewFile(preflightReply, "guard")
	defer reply.Close()
	ignoreSignals()
	if _, err := reply.Write(append([]byte(couldTakeOver), frame(resolved)...)); err != nil {
		return fmt.Errorf("ending the preflight: %w", err)
	}
	return keepWatch(reply, p.parent)
}
