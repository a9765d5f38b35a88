package sources

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sys/unix"

	"prngd/gatherers"
	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/prng"
)

func quiet() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

// fixed returns a gatherer of n credited bytes that differ from call to call.
func fixed(name string, n int) gatherers.Gatherer {
	calls := byte(0)
	return gatherers.Gatherer{
		Name: name, Every: time.Hour, Credit: 8, Tested: true,
		Gather: func(context.Context) ([]byte, error) {
			calls++
			b := make([]byte, n)
			b[0] = calls
			return b, nil
		},
	}
}

// fed returns sources that have sampled every gatherer of list once.
func fed(t *testing.T, o Options, list ...gatherers.Gatherer) *Sources {
	t.Helper()
	s := New(o)
	s.list = list
	g, err := prng.New(prng.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	s.Attach(g)
	return s
}

// Counters of the sources go on over an upgrade where they are kept, and so does
// who seeded.
func TestCountersContinue(t *testing.T) {
	run := func(s *Sources) control.Report {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.feed(ctx); close(done) }()
		awaitSeeded(t, s.generator)
		cancel()
		<-done
		var r control.Report
		s.Report(&r)
		return r
	}
	first := fed(t, Options{Log: quiet()}, fixed("a", 64))
	before := run(first)
	text, err := json.Marshal(first.HandOver())
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	second := fed(t, Options{Log: quiet(), Before: &state}, fixed("a", 64))
	second.generator.Source(prng.Policy{Name: "handover", Untrusted: true}).Add(make([]byte, 64), 512)
	second.generator.Continue(first.generator.HandOver())
	after := run(second)
	if a, b := after.Sources[0], before.Sources[0]; a.Name != "a" || a.Samples != b.Samples || a.Bits != b.Bits || b.Bits == 0 {
		t.Errorf("before %+v\nafter  %+v", b, a)
	}
	st := second.generator.Stats()
	for _, s := range st.Sources {
		if s.Name == "handover" && s.GateBits != 0 {
			t.Errorf("the handover counts as what seeded: %+v", s)
		}
	}
	if !st.OpenedAt.Equal(first.generator.Stats().OpenedAt) {
		t.Errorf("seeded at %v, and after the upgrade at %v", first.generator.Stats().OpenedAt, st.OpenedAt)
	}
}

// A pseudo terminal is a device that any user may make.
func device(t *testing.T) string {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	return filepath.Join("/dev/pts", itoa(n))
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// What cannot be made refuses a change of a daemon that runs, and nothing of it
// stays; at a start a missing device is looked for again later.
func TestPrepare(t *testing.T) {
	dev := device(t)
	missing := filepath.Join(t.TempDir(), "none")
	one := Settings{Sources: []config.Source{{Kind: "dev", Target: dev, Where: "conf:3"}}}
	both := Settings{Sources: append(one.Sources, config.Source{Kind: "dev", Target: missing, Where: "conf:4"})}

	s := New(Options{Log: quiet(), NoCommands: errors.New("no runner")})
	c, err := s.Prepare(both)
	if err != nil {
		t.Fatalf("a missing device at a start: %v", err)
	}
	c.Rollback()
	if kept := len(s.devices.kept); kept != 0 {
		t.Errorf("%d devices kept after a rollback", kept)
	}
	commit(t, s, one)
	if s.devices.kept[dev] == nil {
		t.Error("the device is not kept open")
	}
	for name, row := range map[string]struct {
		next  Settings
		later bool
	}{
		"device":   {both, true},
		"gatherer": {Settings{Gatherers: []config.GathererLine{{Name: "none", Where: "conf:7"}}}, false},
		"command":  {Settings{Commands: []config.Command{{Path: "/bin/date", Argv: []string{"date"}, Where: "conf:8"}}}, false},
	} {
		if _, err := s.Prepare(row.next); err == nil || change.IsLater(err) != row.later {
			t.Errorf("%s: %v, later %v", name, err, change.IsLater(err))
		}
	}
	if s.devices.kept[dev] == nil || len(s.devices.kept) != 1 {
		t.Errorf("a refused change touched the devices: %v", s.devices.kept)
	}
	commit(t, s, Settings{})
	if len(s.devices.kept) != 0 {
		t.Error("a device that no line names is kept open")
	}
}

func commit(t *testing.T, s *Sources, next Settings) {
	t.Helper()
	c, err := s.Prepare(next)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
}
