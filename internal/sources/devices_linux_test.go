package sources

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"prngd/internal/change"
	"prngd/internal/config"
)

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
	return filepath.Join("/dev/pts", strconv.Itoa(n))
}

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
