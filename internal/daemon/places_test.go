package daemon

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/prng"
	"prngd/internal/server"
)

// A jail's boot cleans the directory of our socket, and later the whole jail is removed.
func TestRemovedSocketIsMadeAgain(t *testing.T) {
	top := filepath.Join(t.TempDir(), "jail")
	dir := filepath.Join(top, "run")
	path := filepath.Join(dir, "egd")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		log, hook := logtest.NewNullLogger()
		pool, err := prng.New(prng.Env{})
		if err != nil {
			t.Fatal(err)
		}
		d := &daemon{log: log, server: server.New(server.Config{Pool: pool, Log: log}), owner: -1}
		p, err := d.openPlace(listen.Options{Address: egdproto.Address{Network: "unix", Path: path}})
		if err != nil {
			t.Fatal(err)
		}
		d.places = []place{p}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go d.watchPlaces(ctx)
		minute := func() { time.Sleep(placeEvery); synctest.Wait() }
		there := func() bool { return !d.places[0].listeners[0].Missing() }

		minute()
		if !there() || len(hook.Entries) != 0 {
			t.Fatalf("nothing has happened yet: %v", hook.Entries)
		}
		os.Remove(path)
		if there() {
			t.Fatal("a removed socket is not missed")
		}
		minute()
		if said := hook.LastEntry(); !there() || said == nil || !strings.Contains(said.Message, "made again") {
			t.Fatalf("not made again in a minute: %v", said)
		}
		os.RemoveAll(top)
		hook.Reset()
		minute()
		minute()
		if there() || len(hook.Entries) != 1 {
			t.Errorf("without the jail, %d lines in the log, want 1", len(hook.Entries))
		}
		os.MkdirAll(dir, 0o755)
		minute()
		if !there() {
			t.Error("not made again when the jail is back")
		}
		d.places[0].close()
	})
}
