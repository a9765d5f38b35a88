package upgrade

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// PreflightTime is how long a preflight may take.
const PreflightTime = 5 * time.Second

const (
	// preflight stands before the arguments of a preflighted program. It is no
	// variable of the environment: a program that knows nothing of preflights
	// would overlook that and begin to serve; an unknown option it refuses.
	preflight = "--preflight-upgrade"

	// Where the preflighted program finds its own file, the document, and whom to
	// tell that it could take over.
	preflightedFD, preflightedDocument, preflightedReply = 3, 4, 5

	// couldTakeOver is what it says there: exit status 0 alone /bin/true has, too.
	couldTakeOver = "could take over\n"
)

// errSlow says that the limit of a preflight has passed.
var errSlow = fmt.Errorf("it did not end in time, %v at most", PreflightTime)

// Preflight runs p as a child, with argv and a document as [Program.Exec] would
// give it, under the same limits and sandbox. It returns nil if p says that it
// could take over and exits with status 0 in time; else why not.
func (p *Program) Preflight(ctx context.Context, argv []string, document []byte) error {
	ctx, cancel := context.WithTimeout(ctx, PreflightTime)
	defer cancel()
	name, err := p.name(preflightedFD)
	if err != nil {
		return err
	}
	doc, err := memory(document)
	if err != nil {
		return err
	}
	defer doc.Close()
	replies, theirs, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("preflight of %s: %w", p.path, err)
	}
	defer replies.Close()

	var said bytes.Buffer
	child := exec.CommandContext(ctx, name)
	child.Args = append([]string{argv[0], preflight}, argv[1:]...)
	child.Env = without(os.Environ(), "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", bundleVariable)
	child.Stderr = &limited{&said, 4096}
	child.ExtraFiles = []*os.File{p.file, doc, theirs}
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	child.Cancel = func() error { return unix.Kill(-child.Process.Pid, unix.SIGKILL) }
	child.WaitDelay = time.Second
	err = child.Start()
	theirs.Close()
	if err != nil {
		return fmt.Errorf("preflight of %s: %w", p.path, withoutName(err))
	}
	err = child.Wait()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("preflight of %s: %w", p.path, errSlow)
	case err != nil:
		return fmt.Errorf("preflight of %s: %w%s", p.path, err, lastWords(said.String()))
	}
	replies.SetReadDeadline(time.Now().Add(100 * time.Millisecond)) // a grandchild may hold the other end
	reply := make([]byte, len(couldTakeOver))
	if _, err := io.ReadFull(replies, reply); err != nil || string(reply) != couldTakeOver {
		return fmt.Errorf("preflight of %s: it ended at once, without a word on whether it could take over%s", p.path, lastWords(said.String()))
	}
	return nil
}

// withoutName drops the name by which we executed the program, a descriptor.
func withoutName(err error) error {
	var e *os.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// lastWords is the last line of text, for an error.
func lastWords(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	return ": " + text[strings.LastIndexByte(text, '\n')+1:]
}

// limited keeps the first bytes of what is written.
type limited struct {
	w    *bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(l.left, len(b))
	l.w.Write(b[:n])
	l.left -= n
	return len(b), nil
}

// Preflighted is a preflight on the side of the program that is tried. It must
// touch nothing: the one that serves is still there.
type Preflighted struct {
	Argv     []string // as without the preflight
	Document []byte
}

// InPreflight returns the preflight that argv asks for, nil if it asks for none.
func InPreflight(argv []string) *Preflighted {
	if len(argv) < 2 || argv[1] != preflight {
		return nil
	}
	doc := os.NewFile(preflightedDocument, "handover document")
	defer doc.Close()
	closeOnExec([]int{preflightedFD, preflightedReply})
	document, _ := io.ReadAll(io.NewSectionReader(doc, 0, 1<<62)) // what is missing, its reader finds out
	return &Preflighted{append([]string{argv[0]}, argv[2:]...), document}
}

// Pass says that this program could take over. It is to exit with status 0 then.
func (*Preflighted) Pass() error {
	reply := os.NewFile(preflightedReply, "preflight pipe")
	defer reply.Close()
	if _, err := reply.WriteString(couldTakeOver); err != nil {
		return fmt.Errorf("ending the preflight: %w", err)
	}
	return nil
}
