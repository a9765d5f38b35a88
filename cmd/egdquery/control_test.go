package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"prngd/cmd/egdquery/internal/exemplar"
	"prngd/egdproto"
	"prngd/internal/change"
	"prngd/internal/control"
)

// prngd [FILE [SOCKET]] starts a daemon that answers on its control socket, by
// default $WORK/status.sock, as the exemplar does with the JSON of FILE laid
// over it, read again for each answer. It saves, reloads unless FILE has a refused
// change, gives fresh bytes 00 01 02 .., but has nothing to reseed from and cannot
// upgrade. With a third argument, it is unseeded for its first two answers.
func prngd(ts *testscript.TestScript, neg bool, args []string) {
	var file string
	socket := ts.Getenv("WORK") + "/status.sock"
	if len(args) > 0 {
		file = ts.MkAbs(args[0])
	}
	if len(args) > 1 {
		socket = ts.MkAbs(args[1])
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	ts.Check(err)
	done := func(context.Context) error { return nil }
	var answers atomic.Int32
	h := control.Handler{
		Owner: os.Getuid(),
		Status: func() control.Report {
			r := exemplar.Report()
			if overlay, err := os.ReadFile(file); err == nil {
				if err := json.Unmarshal(overlay, r); err != nil {
					r.Program = err.Error()
				}
			}
			if len(args) > 2 && answers.Add(1) < 3 {
				r.Generator.State, r.Generator.FirstSeedBits = control.StateUnseeded, 128
			}
			return *r
		},
		Do: map[string]func(context.Context) error{
			control.Save:   done,
			control.Reload: func(context.Context) error { return refusal(file) },
			control.Reseed: func(context.Context) error { return change.Later(errors.New("no credited source answers")) },
		},
		Fresh: func(_ context.Context, n int) ([]byte, error) { return counting(n), nil },
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { control.NewServer(h).Serve(ctx, l); close(ended) }()
	ts.Defer(func() { cancel(); <-ended })
	ts.Setenv("PRNGD_STATUS", socket)
}

// refusal is that of the report in file, which a reload would give.
func refusal(file string) error {
	overlay, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var r control.Report
	if err := json.Unmarshal(overlay, &r); err != nil || r.Change == nil {
		return err
	}
	return &control.RefusedError{Reason: r.Change.Error, Status: r.Change.Status}
}

// From inside the package: as root, no daemon denies anything.
func TestDeniedByTheDaemon(t *testing.T) {
	err := (&controls{}).askError(egdproto.Address{}, control.Save, &control.RefusedError{Reason: "save is for uid 0", Denied: true})
	var failed *exitError
	if !errors.As(err, &failed) || failed.code != exitNoPerm || err.Error() != "save is for uid 0" {
		t.Errorf("got %v", err)
	}
}
