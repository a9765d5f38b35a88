//go:build unix

package daemon

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/sources"
)

// signalled is a part during whose preparation a signal comes.
type signalled struct{ part }

func (signalled) adopt(*state) error { return nil }

func (signalled) prepare(context.Context, *config.Settings, manner) (change.Change, error) {
	return change.None{}, syscall.Kill(os.Getpid(), syscall.SIGHUP)
}

// A signal that comes during a start, when sockets and the pid file are there
// already, is kept until the daemon serves. It used to kill the process, which left
// them behind.
func TestSignalDuringStart(t *testing.T) {
	d := &daemon{signals: make(chan os.Signal, 1), parts: []named{{"signalled", signalled{}}}}
	defer signal.Stop(d.signals)
	d.own.commands = &commandRunner{}
	d.own.sources = &sourcesPart{Sources: sources.New(sources.Options{})}
	if err := d.start(&config.Settings{}); err != nil {
		t.Fatal(err)
	}
	if s := <-d.signals; s != syscall.SIGHUP {
		t.Errorf("kept %v", s)
	}
}
