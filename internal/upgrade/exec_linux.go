package upgrade

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// Program is a program file that was opened once: what was preflighted is what is
// executed, whatever a package manager does to the name in between.
type Program struct {
	path string
	file *os.File
}

// Open opens the program at path. It is executed by /proc/self/fd, or by
// its path where there is no /proc and the path still leads to it. The error is
// [errors.ErrUnsupported] on systems other than Linux.
func Open(path string) (*Program, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0) // O_NONBLOCK: a FIFO must not stop us
	if err != nil {
		return nil, fmt.Errorf("opening program %s: %w", path, err)
	}
	return &Program{path, os.NewFile(uintptr(fd), path)}, nil
}

// Close gives the descriptor back.
func (p *Program) Close() error { return p.file.Close() }

// name is what to execute where p's descriptor has the number fd.
func (p *Program) name(fd int) (string, error) {
	ours, err := p.file.Stat()
	if err != nil {
		return "", err
	}
	if linked, err := os.Stat("/proc/self/fd/" + strconv.Itoa(int(p.file.Fd()))); err == nil && os.SameFile(ours, linked) {
		return "/proc/self/fd/" + strconv.Itoa(fd), nil
	}
	if there, err := os.Stat(p.path); err == nil && os.SameFile(ours, there) {
		return p.path, nil
	}
	return "", fmt.Errorf("program %s has been replaced, and there is no /proc to reach the old one", p.path)
}

// Payload is what one program leaves to the next that takes its place.
type Payload struct {
	Argv     []string
	Document []byte // of any length; in memory without a name (memfd_create(2))
	Secret   []byte // at most 4096 bytes, in a pipe: what was read once is gone
	Keep     []int  // descriptors that stay open, in use by nobody until then

	// Signals are those that the program handles, by Caught alone. From before
	// Interrupted is asked until the next program handles them, those in Harmless
	// are ignored, and the others have their default effect.
	Signals, Harmless []os.Signal
	Caught            chan os.Signal
	Interrupted       func() bool // has one come that must not get lost?
}

// ErrInterrupted says that a signal came that ended the attempt.
var ErrInterrupted = errors.New("a signal came in between")

// Exec puts p in the place of the calling program: same process, same pid. It
// returns only if that fails, and then everything is as before.
//
// Signals are not held back by a mask on this thread: a Go program unblocks, as
// it starts, what would end it (SIGTERM, SIGINT, SIGHUP), and keeps the rest of
// such a mask for good, in all that it starts. And none must end at a handler of
// the old program that will never run. So what can get lost is ignored, which an
// exec does not change, and what cannot ends the process, as it should.
func (p *Program) Exec(l Payload) error {
	name, err := p.name(int(p.file.Fd()))
	if err != nil {
		return err
	}
	bundle, err := pack(l)
	if err != nil {
		return err
	}
	defer bundle.discard()
	defer l.releaseSignals()()
	if l.Interrupted != nil && l.Interrupted() {
		return ErrInterrupted
	}
	// Nobody else may start a program while these descriptors are let through.
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	keep := append(bundle.descriptors(), l.Keep...)
	defer closeOnExec(keep)
	for _, fd := range keep {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("letting descriptor %d through: %w", fd, err)
		}
	}
	err = syscall.Exec(name, l.Argv, append(without(os.Environ(), bundleVariable), bundle.variable()))
	process.OpenFiles() // syscall.Exec has lowered the limit to what we were started with
	return fmt.Errorf("executing %s: %w", p.path, err)
}

// releaseSignals ends the handling of signals until it is taken up again. What came before
// is in the channel then.
func (l *Payload) releaseSignals() (takeUp func()) {
	if len(l.Harmless) > 0 { // none would mean all
		signal.Ignore(l.Harmless...)
	}
	if len(l.Signals) == 0 {
		return func() {}
	}
	signal.Stop(l.Caught)
	return func() { signal.Notify(l.Caught, l.Signals...) }
}

func closeOnExec(fds []int) {
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
}

// without returns the environment but for some variables.
func without(environ []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(names, name)
	})
}
