package upgrade

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"prngd/internal/process"
)

// Payload is what one program leaves to the next that takes its place.
type Payload struct {
	Argv     []string
	State    []byte // the state document, of any length
	Resolved []byte // what Preflight returned, of any length
	Secret   []byte // at most 4096 bytes, in a pipe: what was read once is gone
	Keep     []int  // descriptors that stay open, in use by nobody until then

	// Signals are those that the program handles, by Caught alone. From before
	// Interrupted is asked until the next program handles them, those in Harmless
	// are ignored, and the others have their default effect.
	Signals, Harmless []os.Signal
	Caught            chan os.Signal
	Interrupted       func() bool // has one come that must not get lost?

	// Files are the paths that the process removes at its end. If it ends between
	// the two programs, by a signal or for any other reason, the guard removes
	// those that are then the same files. PIDFile, if it is not nil, is emptied.
	Files   []string
	PIDFile *os.File
}

// ErrInterrupted says that a signal came that ended the attempt.
var ErrInterrupted = errors.New("a signal came in between")

// Exec puts p, which has passed its preflight, in the place of the calling
// program: same process, same pid. It returns only if that fails, and then
// everything is as before.
//
// Signals are not held back by a mask: a Go program unblocks SIGTERM, SIGINT and
// SIGHUP before it has installed a handler for them (runtime.minitSignalMask), so
// that one which waited would end it, and it keeps the rest of such a mask for
// good, in all that it starts. And none must end at a handler of the old program
// that will never run. So what can get lost is ignored, which an exec does not
// change; what cannot ends the process, and the guard removes its files. One that a
// thread has taken already is handled before the exec kills that thread.
func (p *Program) Exec(l Payload) error {
	name, err := p.name()
	if err != nil {
		return err
	}
	b, err := pack(l)
	if err != nil {
		return err
	}
	defer b.discard()
	if err := p.guard.watch(l); err != nil {
		return err
	}
	defer l.releaseSignals()()
	if l.Interrupted != nil && l.Interrupted() {
		return ErrInterrupted
	}
	// Nobody else may start a program while these descriptors are let through.
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	keep := slices.Concat(b.descriptors(), p.guard.descriptors(), l.Keep)
	defer closeOnExec(keep)
	for _, fd := range keep {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("letting descriptor %d through: %w", fd, err)
		}
	}
	environ := append(os.Environ(), p.variable(b), p.origin.Variable())
	err = p.exec(name, l.Argv, environ)
	process.OpenFiles() // syscall.Exec has lowered the limit to what we were started with
	return fmt.Errorf("executing %s: %w", p.origin.Path, laterIfTemporary(err))
}

// releaseSignals ends the handling of signals until the returned function takes
// it up again. What came before is in the channel then.
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
