package daemon

import (
	"context"
	"net"
	"os"
	"runtime"
	"time"

	"prngd/internal/change"
	"prngd/internal/control"
)

// newAdmin returns the server of the control socket.
func (d *daemon) newAdmin() *control.Server {
	return control.NewServer(control.Handler{
		Status: d.report, Fresh: d.own.sources.Fresh,
		Do: map[string]func(context.Context) error{
			control.Reseed:  d.reseed,
			control.Save:    d.own.seed.save,
			control.Reload:  d.changes.ask(control.Reload),
			control.Upgrade: d.changes.ask(control.Upgrade),
		},
		Owner: d.origin.Owner, Banned: d.own.commands.denied(),
	})
}

// answerAdmin serves the control socket until ctx ends.
func (d *daemon) answerAdmin(ctx context.Context) {
	d.own.control.accept(ctx, func(ctx context.Context, l net.Listener) { d.admin.Serve(ctx, l) })
}

// reseed holds replies until a reseed with noise that is sampled from now on.
func (d *daemon) reseed(ctx context.Context) error { return change.Later(d.own.sources.Reseed(ctx)) }

// waitingState is the section of the clients that wait for the outcome of an
// upgrade.
type waitingState struct {
	FDs []int `json:"fds"`
}

// handOverWaiting hands over the clients that asked for this upgrade.
func handOverWaiting(admin *control.Server, s *state) error {
	var handed waitingState
	for _, c := range admin.Unanswered() {
		fd, err := descriptorOf(c)
		if err != nil {
			continue // it has gone
		}
		handed.FDs = append(handed.FDs, fd)
	}
	return s.put("waiting", handed, handed.FDs...)
}

// answerWaiting tells the clients that asked for the upgrade that it is done.
func answerWaiting(s *state) error {
	var handed waitingState
	if found, err := s.get("waiting", &handed); !found {
		return err
	}
	for _, fd := range handed.FDs {
		f := os.NewFile(uintptr(fd), "control client")
		if c, err := net.FileConn(f); err == nil {
			control.AnswerUpgrade(c)
		}
		f.Close()
	}
	return nil
}

// report is everything that an admin may ask for. It never waits: what was read
// back stands in the verifier.
func (d *daemon) report() control.Report {
	s := d.settings.Load()
	r := control.Report{
		Version: control.Version, Program: "prngd " + d.origin.Program,
		PID: os.Getpid(), UID: os.Getuid(),
		Started: d.origin.Started.UTC(), Now: time.Now().UTC(),
		Process: control.Process{Upgrades: d.origin.Upgrades, Goroutines: runtime.NumGoroutine(), Heap: heapBytes()},
		Config: control.Config{
			Path: s.Path, Commands: len(s.Commands), Undef: s.Undef, Rejected: s.Rejected, Pending: d.pending(s),
		},
		Change: d.changes.refused(),
	}
	for _, p := range d.parts {
		p.report(&r)
	}
	d.verifier.report(&r)
	return r
}

// heapBytes is what the objects of the program take, some of them dead. It stops
// the program for some 20 us. Package runtime/metrics does not, but would cost each
// start 0.7 ms.
func heapBytes() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
