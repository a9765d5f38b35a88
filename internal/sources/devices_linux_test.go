package sources

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/gatherers"
	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/prng"
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
		t.Fatal("the device is not kept open")
	}
	if fd, err := descriptor(s.devices.kept[dev]); err != nil || !closedOnExec(t, fd) {
		t.Errorf("commands inherit the device: %v", err)
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

// TestRollbackCloses: of a change that is not made no descriptor stays open, whether it
// was refused or taken back.
func TestRollbackCloses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "noise")
	if err := os.WriteFile(file, []byte("noise"), 0o600); err != nil {
		t.Fatal(err)
	}
	dev := device(t)
	next := Settings{Sources: []config.Source{{Kind: "dev", Target: dev, Where: "conf:3"}, {Kind: "file", Target: file, Where: "conf:4"}}}
	s := New(Options{Log: quiet(), NoCommands: errors.New("no runner")})
	c, err := s.Prepare(next)
	if err != nil {
		t.Fatal(err)
	}
	if n := opened(t, dev) + opened(t, file); n != 3 { // the device once more, to be kept
		t.Fatalf("%d descriptors after Prepare, expected 3", n)
	}
	c.Rollback()
	if n := opened(t, dev) + opened(t, file); n != 0 {
		t.Errorf("%d descriptors after a rollback", n)
	}
	commit(t, s, Settings{})
	next.Sources = append(next.Sources, config.Source{Kind: "dev", Target: file + ".none", Where: "conf:5"})
	if _, err := s.Prepare(next); err == nil {
		t.Fatal("a missing device was taken")
	}
	if n := opened(t, dev) + opened(t, file); n != 0 {
		t.Errorf("%d descriptors after a refusal", n)
	}
}

// TestReloadCloses: what a reload has replaced is closed when its sample has ended,
// and what such a sample opens once more does not stay.
func TestReloadCloses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "noise")
	if err := os.WriteFile(file, []byte("noise"), 0o600); err != nil {
		t.Fatal(err)
	}
	dev := device(t)
	next := Settings{Sources: []config.Source{{Kind: "dev", Target: dev, Where: "conf:3"}, {Kind: "file", Target: file, Where: "conf:4"}}}
	s := New(Options{Log: quiet()})
	commit(t, s, next)
	ctx, cancel := context.WithCancel(t.Context())
	s.restart = cancel
	list := s.List()
	ended := make(chan error)
	go func() { _, err := list[len(list)-2].Gather(ctx); ended <- err }() // the device gives nothing
	stage := s.devices.current
	commit(t, s, Settings{})
	if err := <-ended; err == nil {
		t.Error("a sample of a device that gives nothing")
	}
	if n := opened(t, dev) + opened(t, file); n != 0 {
		t.Errorf("%d descriptors after a reload", n)
	}
	if _, err := stage.open(dev, gatherers.OpenDevice); !errors.Is(err, errReplaced) || opened(t, dev) != 0 {
		t.Errorf("opened again after the reload: %v", err)
	}
}

// opened is how many of our descriptors are for path.
func opened(t *testing.T, path string) (n int) {
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Skip("no /proc")
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == path {
			n++
		}
	}
	return n
}

func closedOnExec(t *testing.T, fd int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC != 0
}

// Nothing of what the program before has handed over is inherited by commands.
func TestAdoptedCloseOnExec(t *testing.T) {
	var pipe [4]int
	for i := 0; i < len(pipe); i += 2 { // not close-on-exec, as after an exec
		if err := unix.Pipe(pipe[i : i+2]); err != nil {
			t.Fatal(err)
		}
		defer unix.Close(pipe[i+1])
	}
	s := New(Options{Log: quiet(), Before: &State{Devices: []Device{{Path: "/dev/x", FD: pipe[0]}}, Messages: pipe[2]}})
	for _, fd := range []int{pipe[0], pipe[2]} {
		if !closedOnExec(t, fd) {
			t.Errorf("commands inherit %d of %v", fd, pipe)
		}
	}
	s.devices.kept["/dev/x"].Close()
	s.clones.messages.file.Close()
}

// A record of the kernel's log that this machine was cloned holds replies.
func TestKernelLogHolds(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := fed(t, Options{Log: quiet()})
	s.clones.messages = &messages{r}
	s.generator.Source(prng.Policy{Name: "start"}).Add(bytes.Repeat([]byte{1}, 64), 512)
	changed := s.generator.Changed()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() { s.listen(ctx); close(ended) }()
	w.WriteString("6,1,1,-;random: crng reseeded due to virtual machine fork\n")
	select {
	case <-changed:
	case <-time.After(30 * time.Second):
	}
	if event, _ := s.generator.Held(); event != prng.Cloned {
		t.Errorf("%v holds", event)
	}
	cancel()
	<-ended
}

// The kernel's log is watched on where the end of an earlier watch, before an upgrade
// that was refused, comes late. A log that cannot be read any more is told of.
func TestKernelLogIsWatchedOn(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	clones := make(chan bool)
	ended := make(chan error)
	go func() { ended <- (&messages{r}).watch(t.Context(), func() { clones <- true }) }()
	for range 3 {
		w.WriteString("6,1,1,-;random: crng reseeded due to virtual machine fork\n")
		select {
		case <-clones:
			r.SetReadDeadline(time.Unix(1, 0)) // as that watch does
		case err := <-ended:
			t.Fatalf("not watched any more: %v", err)
		}
	}
	w.Close()
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("at the end of the log: %v", err)
	}
}
