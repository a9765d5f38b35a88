package daemon

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// handled are the signals that handleSignals answers.
func handled() []os.Signal {
	return []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR2}
}

// takeSignals keeps signals for handleSignals: one that comes before is answered
// when the daemon serves, and does not end a process that has files to remove.
func (d *daemon) takeSignals() {
	signal.Notify(d.signals, handled()...)
	signal.Ignore(syscall.SIGPIPE)
}

// endedBy is the signal that has ended a start.
type endedBy struct{ syscall.Signal }

func (e endedBy) Error() string { return fmt.Sprintf("ended by a signal: %v", e.Signal) }

// die ends the process by the signal, for the sake of its parent: systemd does not
// take that for a failure, and the status 143 it does. Process 1 of a container
// cannot be killed by a signal of its own.
func (e endedBy) die() {
	signal.Reset(e.Signal)
	_ = syscall.Kill(os.Getpid(), e.Signal)
	time.Sleep(stopLimit) // another thread may get it
	os.Exit(128 + int(e.Signal))
}

// interruptible returns a context that SIGTERM and SIGINT end with a cause of type
// endedBy, until done is called. If that takes longer than limit, the process ends:
// what was prepared is removed by a later start.
func interruptible(limit time.Duration) (ctx context.Context, done func()) {
	told, finished := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		defer cancel(nil)
		select {
		case s := <-told:
			by := endedBy{s.(syscall.Signal)}
			cancel(by)
			select {
			case <-finished:
			case <-time.After(limit):
				by.die()
			}
		case <-finished:
		}
	}()
	return ctx, func() { signal.Stop(told); close(finished) }
}
