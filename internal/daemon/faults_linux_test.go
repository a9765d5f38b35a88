package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/logging"
)

// errFault is what the part at fault says.
var errFault = errors.New("a fault was planted")

// The faults of a part. Those of prepare are found before and after the part has
// opened what it needs.
const (
	never  = "never"  // prepare fails for good
	later  = "later"  // prepare fails for now
	opened = "opened" // prepare fails when the part has opened everything
	commit = "commit" // Commit fails
)

// planted names the part at fault and its fault.
type planted struct {
	mu         sync.Mutex
	name, kind string
}

func (f *planted) set(name, kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.name, f.kind = name, kind
}

func (f *planted) at(name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.name == name {
		return f.kind
	}
	return ""
}

// faulty is a part that fails when it is told to.
type faulty struct {
	part
	name string
	*planted
}

func (p faulty) prepare(ctx context.Context, next *config.Settings, how manner) (change.Change, error) {
	switch p.at(p.name) {
	case never:
		return nil, errFault
	case later:
		return nil, change.Later(errFault)
	}
	c, err := p.part.prepare(ctx, next, how)
	if err != nil {
		return c, err
	}
	switch p.at(p.name) {
	case opened:
		return c, errFault
	case commit:
		return faultyCommit{c}, nil
	}
	return c, nil
}

func (p faulty) check(ctx context.Context) []control.Check {
	if c, ok := p.part.(checker); ok {
		return c.check(ctx)
	}
	return nil
}

// faultyCommit has changed nothing, and says so.
type faultyCommit struct{ change.Change }

func (c faultyCommit) Commit() error {
	c.Rollback()
	return errFault
}

// Each step of each part fails once, at a start, at a check and at a reload. Nothing
// is left open or on disk, the sockets answer throughout, the exit status says
// whether it may work later, and the report names the fault until it is mended. A
// process of its own does it: a daemon gives up its privileges.
func TestSingleFaults(t *testing.T) {
	if os.Getenv("PRNGD_SINGLE_FAULTS") != "" {
		singleFaults(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSingleFaults$", "-test.v")
	cmd.Env = append(os.Environ(), "PRNGD_SINGLE_FAULTS=1", "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "figure: ") {
		t.Fatalf("%v\n%s", err, out)
	}
	_, figure, _ := strings.Cut(string(out), "figure: ")
	figure, _, _ = strings.Cut(figure, "\n")
	t.Log("figure: " + figure)
}

// bench is a daemon in a directory of its own.
type bench struct {
	*testing.T
	*daemon
	fault    *planted
	dir      string
	settings *config.Settings
}

const conf = "status %[1]s/control\nlisten %[1]s/egd\nseedfile %[1]s/seed\nexchange %[1]s/exchange\ngatherer jitter off\n"

// more is what a reload adds, for each part something.
const more = "listen %[1]s/more\nexchange %[1]s/more-exchange\nlog level=warn\nsource file:%[1]s/noise\nmax-connections 77\n"

func newBench(t *testing.T) *bench {
	dir, err := os.MkdirTemp("", "daemon") // the parent's to remove: this process may not, once it has given up its rights
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, fault: new(planted), dir: dir}
	for _, name := range []string{"exchange", "more-exchange", "noise"} {
		if err := os.WriteFile(filepath.Join(b.dir, name), make([]byte, 1024), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.configure(conf)
	o, _, done := config.ParseOptions("", []string{"prngd", "-f", "-c", b.dir + "/conf", "-p", b.dir + "/pid"}, io.Discard, io.Discard)
	if done {
		t.Fatal("options")
	}
	s, _, err := resolve(o, os.Getuid(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sink, err := logging.New(logging.Settings{Target: "stderr", Level: "error", Foreground: true})
	if err != nil {
		t.Fatal(err)
	}
	if b.daemon, err = build(origin{Foreground: true, Owner: os.Getuid(), Started: time.Now()}, s, sink); err != nil {
		t.Fatal(err)
	}
	for i, p := range b.parts {
		b.parts[i].part = faulty{p.part, p.name, b.fault}
	}
	b.settings = s
	return b
}

func (b *bench) configure(format string) {
	if err := os.WriteFile(b.dir+"/conf", fmt.Appendf(nil, format, b.dir), 0o600); err != nil {
		b.Fatal(err)
	}
}

// holdings are the files of the directory, and the descriptors of files in it and of
// sockets that listen.
func (b *bench) holdings() string {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		b.Skip(err)
	}
	for _, fd := range fds {
		to, _ := os.Readlink("/proc/self/fd/" + fd.Name())
		n, _ := strconv.Atoi(fd.Name())
		listens, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err == nil && listens == 1 || strings.HasPrefix(to, b.dir) {
			list = append(list, to)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// expectHoldings waits until nothing but want is held: what is closed on a goroutine
// of its own is not closed at once.
func (b *bench) expectHoldings(what, want string) {
	b.Helper()
	give := time.After(5 * time.Minute)
	for b.holdings() != want {
		select {
		case <-give:
			b.Fatalf("%s: held\n%s\nexpected\n%s", what, b.holdings(), want)
		case <-time.After(time.Millisecond):
		}
	}
}

var statuses = map[string]int{never: change.ExitNever, later: change.ExitLater, opened: change.ExitNever, commit: change.ExitNever}

func singleFaults(t *testing.T) {
	cases := 0
	var names []string
	for _, p := range newBench(t).parts {
		names = append(names, p.name)
	}
	for _, name := range names {
		for kind, status := range statuses {
			what := name + " " + kind
			b := newBench(t)
			before := b.holdings()
			b.fault.set(name, kind)
			var exit exitError
			if err := b.start(b.settings, time.Hour); !errors.As(err, &exit) || exit.status != status || !errors.Is(err, errFault) {
				t.Errorf("start, %s: %v, expected status %d", what, err, status)
			}
			b.expectHoldings("start, "+what, before)
			cases++
			if kind == commit {
				continue
			}
			if _, err := prepareAll(t.Context(), b.parts, b.settings, starting); !errors.Is(err, errFault) {
				t.Errorf("check, %s: %v", what, err)
			}
			b.expectHoldings("check, "+what, before)
			cases++
		}
	}
	t.Logf("figure: %d single faults of %d parts at start and check, %d at reload", cases, len(names), reloadFaults(t, names))
}

// reloadFaults plants faults into reloads of one daemon.
func reloadFaults(t *testing.T, names []string) (cases int) {
	b := newBench(t)
	if err := b.start(b.settings, time.Hour); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- b.serve() }()
	stop := b.keepAsking()
	for b.own.seed.file.Stats().LastSave.IsZero() {
		time.Sleep(time.Millisecond)
	}
	b.configure(conf + more)
	before := b.holdings()
	for _, name := range names {
		for kind, status := range statuses {
			if kind == commit {
				continue // it is in effect then, as far as it goes
			}
			what := "reload, " + name + " " + kind
			b.fault.set(name, kind)
			err := b.changes.ask(control.Reload)(t.Context())
			if !errors.Is(err, errFault) || change.ExitStatus(err) != status {
				t.Errorf("%s: %v, expected status %d", what, err, status)
			}
			if r := b.report(); r.Change == nil || r.Change.Status != status || !strings.Contains(r.Change.Error, errFault.Error()) {
				t.Errorf("%s: the report has %+v", what, r.Change)
			}
			b.expectHoldings(what, before)
			cases++
		}
	}
	b.fault.set("", "")
	if err := b.changes.ask(control.Reload)(t.Context()); err != nil || b.report().Change != nil {
		t.Errorf("mended: %v, the report has %+v", err, b.report().Change)
	}
	if err := egdAnswers(b.dir + "/more"); err != nil {
		t.Errorf("after the reload: %v", err)
	}
	cases += b.commitFaults(names)
	if n, err := stop(); n == 0 || err != nil {
		t.Errorf("after %d replies: %v", n, err)
	}
	b.signals <- syscall.SIGTERM
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return cases
}

// commitFaults has each Commit of a reload fail: the rest is in effect, and serves.
func (b *bench) commitFaults(names []string) (cases int) {
	for _, name := range names {
		b.fault.set(name, commit)
		b.configure(conf)
		if err := b.changes.ask(control.Reload)(b.Context()); !errors.Is(err, errFault) || b.report().Change == nil {
			b.Errorf("reload, %s commit: %v", name, err)
		}
		b.fault.set("", "")
		b.configure(conf + more)
		if err := b.changes.ask(control.Reload)(b.Context()); err != nil {
			b.Errorf("after %s commit: %v", name, err)
		}
		cases++
	}
	return cases
}

// keepAsking asks at the first socket, on a new connection each time, until stop is
// called, which returns the number of replies and what went wrong.
func (b *bench) keepAsking() (stop func() (replies int, err error)) {
	var replies int
	var failed error
	done, ended := make(chan struct{}), make(chan struct{})
	if err := egdAnswers(b.dir + "/egd"); err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(ended)
		for failed == nil {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
			if failed = egdAnswers(b.dir + "/egd"); failed == nil {
				replies++
			}
		}
	}()
	return func() (int, error) {
		close(done)
		<-ended
		return replies, failed
	}
}

func egdAnswers(path string) error {
	c, err := net.DialTimeout("unix", path, 5*time.Minute)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Minute))
	b := make([]byte, 16)
	_, err = egdproto.NewClient(c).Read(b)
	return err
}
