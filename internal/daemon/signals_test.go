//go:build unix

package daemon

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/sources"
)

// signalled is a part during whose preparation a signal comes. If wait is set it
// waits for the end of its context, as for a disk.
type signalled struct {
	part
	change.None
	signal   syscall.Signal
	wait     bool
	rollback *bool
}

func (p signalled) adopt(*state) error { return nil }

func (p signalled) prepare(ctx context.Context, _ *config.Settings, _ manner) (change.Change, error) {
	err := syscall.Kill(os.Getpid(), p.signal)
	if p.wait {
		<-ctx.Done()
	}
	return p, err
}

func (p signalled) Rollback() { *p.rollback = true }

// startWith starts a daemon that is made of p.
func startWith(t *testing.T, p signalled) (*daemon, error) {
	d := &daemon{signals: make(chan os.Signal, 1), parts: []named{{"signalled", p}}}
	t.Cleanup(func() { signal.Stop(d.signals) })
	d.own.commands = &commandRunner{}
	d.own.sources = &sourcesPart{Sources: sources.New(sources.Options{})}
	return d, d.start(&config.Settings{}, time.Hour)
}

// A signal that comes during a start, when sockets and the pid file are there
// already, is kept until the daemon serves. It used to kill the process, which left
// them behind.
func TestSignalDuringStart(t *testing.T) {
	rollback := false
	d, err := startWith(t, signalled{signal: syscall.SIGHUP, rollback: &rollback})
	if err != nil || rollback {
		t.Fatal(err)
	}
	if s := <-d.signals; s != syscall.SIGHUP {
		t.Errorf("kept %v", s)
	}
}

// SIGTERM ends a start that waits for something, and nothing is left of it.
func TestEndDuringStart(t *testing.T) {
	rollback := false
	_, err := startWith(t, signalled{signal: syscall.SIGTERM, wait: true, rollback: &rollback})
	if by, ok := errors.AsType[endedBy](err); !ok || by.Signal != syscall.SIGTERM || !rollback {
		t.Errorf("%v, rolled back: %v", err, rollback)
	}
}

// closing is a part that says when it is closed, and waits for leave to end.
type closing struct {
	part
	begun, leave chan struct{}
}

func (p closing) close() {
	close(p.begun)
	<-p.leave
}

// A part that hangs at the end, as a seed file on a dead file server does, keeps none
// of the others from being closed.
func TestCloseBesideAHungPart(t *testing.T) {
	leave := make(chan struct{})
	var parts []named
	for range 3 {
		parts = append(parts, named{part: closing{begun: make(chan struct{}), leave: leave}})
	}
	done := make(chan struct{})
	go func() { closeAll(parts); close(done) }()
	for _, p := range parts {
		<-p.part.(closing).begun
	}
	close(leave)
	<-done
}
