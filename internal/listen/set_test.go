package listen

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/change"
	"prngd/test/port"
)

// served is a set whose sockets answer.
func served(t *testing.T, sys *system) (*Set, *logtest.Hook) {
	log, hook := logtest.NewNullLogger()
	s := newSet(Config{Log: log, Serve: answer, Ask: AskEGD, Critical: true}, sys)
	t.Cleanup(s.Close)
	return s, hook
}

func commit(t *testing.T, s *Set, mode Mode, lines ...Options) {
	t.Helper()
	c, err := s.Prepare(context.Background(), lines, mode)
	if err == nil {
		err = c.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func line(t *testing.T, address string) Options {
	t.Helper()
	a, err := egdproto.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Address: a, Mode: 0o666, GID: -1, Where: "conf:7"}
	if a.Network == "tcp" {
		o.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}
	return o
}

// A1, A12: what a reload or a check refuses, and that nothing is touched then.
func TestStrictRefusesWhole(t *testing.T) {
	dir := shortDir(t)
	os.WriteFile(dir+"/file", nil, 0o600)
	plant(t, dir+"/live", "unix", true)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	sys := realSystem()
	sys.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host}
	}
	s, _ := served(t, sys)
	commit(t, s, Start, line(t, dir+"/s"))
	tree := names(t, dir)
	for _, c := range []struct {
		address, want string
		later         bool
	}{
		{dir + "/none/s", "no such file", false},
		{dir + "/a/b/c", "no such file", false},
		{dir + "/file", "not a socket", false},
		{dir + "/file/s", "not a directory", false},
		{dir + "/live", "already used", false},
		{dir + "/" + strings.Repeat("s", 200), "expected at most", false},
		{"tcp/" + taken.Addr().String(), "already used", false},
		{"tcp/192.0.2.77:7777", "cannot assign", true},
		{"tcp/no-such-host.invalid:7777", "no-such-host.invalid", true},
		{dir + "/../" + filepath.Base(dir) + "/s", "the same socket as", false},
	} {
		if os.Geteuid() == 0 && strings.HasSuffix(c.address, "/none/s") {
			continue // root makes that one
		}
		_, err := s.Prepare(context.Background(), []Options{line(t, dir+"/s"), line(t, dir+"/fresh"), line(t, c.address)}, Strict)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "conf:7: listening on ") {
			t.Errorf("%s: %v, expected %q and the line", c.address, err, c.want)
			continue
		}
		if change.IsLater(err) != c.later {
			t.Errorf("%s: may work later: %v", c.address, !c.later)
		}
		if got := names(t, dir); got != tree {
			t.Errorf("%s: left %s, was %s", c.address, got, tree)
		}
		if err := asks(unixAddress(dir + "/s")); err != nil {
			t.Errorf("%s: the old socket: %v", c.address, err)
		}
	}
}

// A1: one socket under several names goes on as it is.
func TestSameSocketStays(t *testing.T) {
	dir := shortDir(t)
	if err := os.Symlink(dir, dir+"/way"); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{dir + "/s", dir + "/way/s"},
		{dir + "/s", dir + "//./s"},
		{"tcp/localhost:PORT", "tcp/127.0.0.1:PORT"},
		{"tcp/127.0.0.1:PORT", "tcp/localhost:PORT"},
		{"tcp/localhost:PORT", "tcp/LOCALHOST:PORT"},
		{"tcp/[::1]:PORT", "tcp/[0:0:0:0:0:0:0:1]:PORT"},
		{"tcp/127.0.0.1:PORT", "tcp/[::ffff:127.0.0.1]:PORT"},
	} {
		s, _ := served(t, realSystem())
		port := portOf(t)
		commit(t, s, Start, line(t, strings.ReplaceAll(c[0], "PORT", port)))
		before := s.Listeners()
		commit(t, s, Strict, line(t, strings.ReplaceAll(c[1], "PORT", port)))
		if after := s.Listeners(); !slices.Contains(after, before[0]) {
			t.Errorf("%s and %s: another socket", c[0], c[1])
		}
		if got := s.Listeners()[0].Address().String(); strings.HasPrefix(c[1], "/") && got != c[1] {
			t.Errorf("%s is still called %s", c[1], got)
		}
		s.Close()
	}
}

// A7: a socket of another daemon at our path is reported and never adopted,
// replaced or removed.
func TestSocketOfAnother(t *testing.T) {
	dir := shortDir(t)
	s, _ := served(t, realSystem())
	commit(t, s, Start, line(t, dir+"/s"))
	os.Remove(dir + "/s")
	plant(t, dir+"/s", "unix", true)
	theirs, _ := os.Lstat(dir + "/s")

	if _, err := s.Prepare(context.Background(), []Options{line(t, dir+"/s")}, Strict); !errors.Is(err, ErrInUse) {
		t.Errorf("reload: %v", err)
	}
	next := passOn(t, s)
	commit(t, next, Adopted, line(t, dir+"/s"))
	r := next.Report()
	if len(r) != 1 || !r[0].Missing || !strings.Contains(r[0].Error, "already used") || r[0].Check.Is == r[0].Check.Asked {
		t.Errorf("after an upgrade: %+v", r)
	}
	next.Close()
	if now, err := os.Lstat(dir + "/s"); err != nil || !os.SameFile(now, theirs) {
		t.Errorf("the other's socket: %v", err)
	}
}

// passOn has another set take over what s has, as the program of an upgrade does,
// through JSON.
func passOn(t *testing.T, s *Set) *Set {
	t.Helper()
	st, err := s.HandOver()
	if err != nil {
		t.Fatal(err)
	}
	for i := range st {
		for j := range st[i].Sockets {
			if st[i].Sockets[j].FD, err = syscall.Dup(st[i].Sockets[j].FD); err != nil {
				t.Fatal(err)
			}
		}
	}
	document, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	var read State
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	next, _ := served(t, realSystem())
	if err := next.Adopt(read); err != nil {
		t.Fatal(err)
	}
	s.Release()
	return next
}

// An upgrade keeps the sockets, what is known of them, and close-on-exec.
func TestHandOver(t *testing.T) {
	dir := shortDir(t)
	path := dir + "/not-utf8-\xff"
	o := line(t, path)
	o.Mode = 0o640
	s, _ := served(t, realSystem())
	commit(t, s, Start, o, line(t, "tcp/127.0.0.1:"+portOf(t)))
	inode, _ := os.Lstat(path)
	next := passOn(t, s)
	lines := []Options{o, line(t, next.Listeners()[1].Address().String())}
	commit(t, next, Adopted, lines...)
	if now, err := os.Lstat(path); err != nil || !os.SameFile(now, inode) {
		t.Errorf("the path: %v", err)
	}
	for _, l := range next.Listeners() {
		raw, _ := l.SyscallConn()
		raw.Control(func(fd uintptr) {
			flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFD, 0)
			if flags&syscall.FD_CLOEXEC == 0 {
				t.Errorf("%s is not close-on-exec", l.Address())
			}
		})
	}
	for _, c := range append(next.Checks(), next.Probe(t.Context())...) {
		if c.Is != c.Asked {
			t.Errorf("%+v", c)
		}
	}
	next.Close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the path is left")
	}
}

// portOf returns a reserved TCP port as text.
func portOf(t *testing.T) string {
	return strconv.Itoa(port.For(t))
}

// A preflight holds copies of what the daemon has. Its end touches no path.
func TestPreflight(t *testing.T) {
	dir := shortDir(t)
	s, _ := served(t, realSystem())
	commit(t, s, Start, line(t, dir+"/s"))
	copied := passOnCopy(t, s)
	tree := names(t, dir)
	o := line(t, dir+"/s")
	o.Mode = 0o600
	c, err := copied.Prepare(t.Context(), []Options{o, line(t, dir+"/t")}, Strict)
	if err != nil {
		t.Fatal(err)
	}
	c.Rollback()
	copied.Release()
	if got := names(t, dir); got != tree {
		t.Errorf("left %s, was %s", got, tree)
	}
	if err := asks(unixAddress(dir + "/s")); err != nil {
		t.Error(err)
	}
}

func passOnCopy(t *testing.T, s *Set) *Set {
	st, err := s.HandOver()
	if err != nil {
		t.Fatal(err)
	}
	if st[0].Sockets[0].FD, err = syscall.Dup(st[0].Sockets[0].FD); err != nil {
		t.Fatal(err)
	}
	next, _ := served(t, realSystem())
	if err := next.Adopt(st); err != nil {
		t.Fatal(err)
	}
	return next
}

// A15: a socket that may open later is left out at a start, shown, and opened by Watch
// with a growing delay.
func TestStartWithoutAHost(t *testing.T) {
	dir := shortDir(t)
	synctest.Test(t, func(t *testing.T) {
		sys := realSystem()
		asked := 0
		sys.lookup = func(context.Context, string) ([]netip.Addr, error) {
			if asked++; asked < 4 {
				return nil, &net.DNSError{Err: "no such host", Name: "a.host.test", IsNotFound: true}
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
		log, hook := logtest.NewNullLogger()
		s := newSet(Config{Log: log}, sys)
		defer s.Close()
		commit(t, s, Start, line(t, dir+"/s"), line(t, "tcp/a.host.test:"+portOf(t)))
		r := s.Report()
		if len(s.Listeners()) != 1 || len(r) != 2 || !strings.Contains(r[1].Error, "conf:7: listening on tcp/a.host.test") {
			t.Fatalf("%+v", r)
		}
		began := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.Watch(ctx)
		<-s.Changed() // tried in vain
		<-s.Changed()
		<-s.Changed()
		synctest.Wait()
		if took := time.Since(began); len(s.Listeners()) != 2 || took != 7*time.Second {
			t.Errorf("after %v: %+v", took, s.Report())
		}
		if r := s.Report(); r[1].Error != "" {
			t.Errorf("%+v", r)
		}
		if n := len(hook.AllEntries()); n != 2 { // missing, then listening
			t.Errorf("%d lines in the log: %v", n, hook.AllEntries())
		}
	})
}

// A start refuses an address that another process uses, and what can never work.
func TestStartRefuses(t *testing.T) {
	dir := shortDir(t)
	plant(t, dir+"/live", "unix", true)
	s, _ := served(t, realSystem())
	for _, address := range []string{dir + "/live", dir + "/a/b/s"} {
		_, err := s.Prepare(t.Context(), []Options{line(t, dir+"/s"), line(t, address)}, Start)
		if err == nil || change.IsLater(err) {
			t.Errorf("%s: %v", address, err)
		}
		if got := names(t, dir); got != "S---------/live" {
			t.Errorf("%s: left %s", address, got)
		}
	}
}

// A22: a resolver that hangs holds nothing that reports, probes or stops need.
func TestHungResolver(t *testing.T) {
	dir := shortDir(t)
	synctest.Test(t, func(t *testing.T) {
		sys := realSystem()
		sys.lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		log, _ := logtest.NewNullLogger()
		s := newSet(Config{Log: log}, sys)
		commit(t, s, Start, line(t, dir+"/s"))
		began := time.Now()
		result := make(chan error, 1)
		go func() {
			_, err := s.Prepare(context.Background(), []Options{line(t, "tcp/a.host.test:7777")}, Strict)
			result <- err
		}()
		synctest.Wait()
		commit(t, s, Strict, line(t, dir+"/s"))
		s.Report()
		s.Probe(t.Context())
		s.Close()
		if took := time.Since(began); took != 0 {
			t.Errorf("waited %v", took)
		}
		if err := <-result; !change.IsLater(err) || time.Since(began) != lookupTime {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// A name that cannot be looked up at a reload keeps the socket that it has.
func TestReloadWithoutResolver(t *testing.T) {
	sys := realSystem()
	var failure error
	sys.lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, failure
	}
	s, _ := served(t, sys)
	o := line(t, "tcp/a.host.test:"+portOf(t))
	commit(t, s, Start, o)
	failure = &net.DNSError{Err: "server misbehaving"}
	before := s.Listeners()
	commit(t, s, Strict, o)
	if after := s.Listeners(); !slices.Equal(before, after) {
		t.Error("another socket")
	}
}

// Connections that wait at a socket which a reload replaces are served.
func TestReplacedSocketIsDrained(t *testing.T) {
	dir := shortDir(t)
	log, _ := logtest.NewNullLogger()
	old := make(chan *Listener, 2)
	s := newSet(Config{Log: log, Serve: func(l *Listener) { old <- l }}, realSystem())
	t.Cleanup(s.Close)
	commit(t, s, Start, line(t, dir+"/s"))
	l := <-old
	l.Watch(func() {}) // its server is busy
	waits, err := net.Dial("unix", dir+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer waits.Close()
	o := line(t, dir+"/s")
	o.Mode = 0o600
	commit(t, s, Strict, o)
	if !l.Retired() {
		t.Fatal("not retired")
	}
	answer(<-old)
	answer(l)
	if err := AskEGD(waits); err != nil {
		t.Error(err)
	}
	<-l.Closed()
	if err := asks(unixAddress(dir + "/s")); err != nil {
		t.Error(err)
	}
}

// A18: a control socket takes a new mode, comes back when it was removed, and goes
// over to the next program.
func TestControlSocket(t *testing.T) {
	dir := shortDir(t)
	s, _ := served(t, realSystem())
	o := line(t, dir+"/ctl")
	commit(t, s, Adopted, o)
	o.Mode = 0o600
	commit(t, s, Strict, o)
	if info, err := os.Lstat(dir + "/ctl"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	os.Remove(dir + "/ctl")
	commit(t, s, Strict, o)
	if err := asks(o.Address); err != nil {
		t.Error(err)
	}
	next := passOn(t, s)
	commit(t, next, Adopted, o)
	if err := asks(o.Address); err != nil {
		t.Error(err)
	}
}

// A copy ends alone, and with the socket that it is of.
func TestCopy(t *testing.T) {
	l := open(t, shortDir(t)+"/s")
	first, err := l.Copy()
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	if l.Missing() {
		t.Fatal("the end of a copy has removed the path")
	}
	second, err := l.Copy()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { _, err := second.Accept(); ended <- err }()
	l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// A jail's boot cleans the directory of our socket, and later the whole jail is removed.
func TestRemovedSocketIsMadeAgain(t *testing.T) {
	top := shortDir(t) + "/jail"
	dir := top + "/run"
	os.MkdirAll(dir, 0o755)
	synctest.Test(t, func(t *testing.T) {
		log, hook := logtest.NewNullLogger()
		s := newSet(Config{Log: log}, realSystem())
		defer s.Close()
		commit(t, s, Start, line(t, dir+"/s"))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.Watch(ctx)
		minute := func() { time.Sleep(pathEvery); synctest.Wait() }
		there := func() bool { return !s.Listeners()[0].Missing() }

		minute()
		if !there() || len(hook.AllEntries()) != 0 {
			t.Fatalf("nothing has happened yet: %v", hook.AllEntries())
		}
		os.Remove(dir + "/s")
		minute()
		if !there() || !strings.Contains(hook.AllEntries()[0].Message, "was removed: created again") {
			t.Fatalf("not created again in a minute: %v", hook.AllEntries())
		}
		os.RemoveAll(top)
		hook.Reset()
		minute()
		minute()
		minute()
		if there() || len(hook.AllEntries()) != 1 || s.Report()[0].Error == "" {
			t.Errorf("without the jail, %v, %+v", hook.AllEntries(), s.Report())
		}
		os.MkdirAll(dir, 0o755)
		minute()
		if !there() || s.Report()[0].Error != "" {
			t.Errorf("not created again when the jail is back: %+v", s.Report())
		}
	})
}

// A23: a refused accept is in the report until one succeeds.
func TestAcceptErrorIsReported(t *testing.T) {
	s, _ := served(t, realSystem())
	commit(t, s, Start, line(t, shortDir(t)+"/s"))
	l := s.Listeners()[0]
	l.NoteAccept(syscall.EMFILE)
	if r := s.Report(); !strings.Contains(r[0].Error, "too many open files") {
		t.Errorf("%+v", r)
	}
	l.NoteAccept(nil)
	if r := s.Report(); r[0].Error != "" {
		t.Errorf("%+v", r)
	}
}

// A23: a probe is a request, and ends with its context.
func TestProbe(t *testing.T) {
	log, _ := logtest.NewNullLogger()
	s := newSet(Config{Log: log, Ask: AskEGD, Critical: true}, realSystem())
	t.Cleanup(s.Close)
	commit(t, s, Start, line(t, shortDir(t)+"/s"), line(t, "tcp/0.0.0.0:"+portOf(t)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for _, c := range s.Probe(ctx) {
		if !strings.Contains(c.Is, "no answer in time") || !c.Critical {
			t.Errorf("nobody accepts: %+v", c)
		}
	}
	for _, l := range s.Listeners() {
		answer(l)
	}
	for _, c := range s.Probe(t.Context()) {
		if c.Is != c.Asked || c.Critical {
			t.Errorf("%+v", c)
		}
	}
}

// What is reported was read back.
func TestReportReadsBack(t *testing.T) {
	dir := shortDir(t)
	s, _ := served(t, realSystem())
	commit(t, s, Start, line(t, dir+"/s"))
	for _, c := range []struct {
		spoil func()
		want  string
	}{
		{func() {}, ""},
		{func() { os.Chmod(dir+"/s", 0o600) }, "mode 0600"},
		{func() { os.Remove(dir + "/s") }, "removed"},
		{func() { plant(t, dir+"/s", "unix", false) }, "replaced by another"},
	} {
		c.spoil()
		check := s.Checks()[0]
		if good := check.Is == check.Asked; good != (c.want == "") || !strings.Contains(check.Is, c.want) {
			t.Errorf("%+v, expected %q", check, c.want)
		}
	}
}

// Nothing is said of a socket in a directory that is closed to us: it is not missing,
// and health is not degraded by it for good.
func TestClosedDirectory(t *testing.T) {
	sys, closed := realSystem(), false
	sys.lstat = func(path string) (fs.FileInfo, error) {
		if closed {
			return nil, fs.ErrPermission
		}
		return os.Lstat(path)
	}
	s, _ := served(t, sys)
	commit(t, s, Start, line(t, shortDir(t)+"/s"))
	closed = true
	for _, c := range s.Checks() {
		if c.Is != c.Asked {
			t.Errorf("%+v, expected no such check", c)
		}
	}
	if s.Report()[0].Missing {
		t.Error("it is missing")
	}
}

// A longer path than leaves room for the temporary name is served all the same.
func TestLongestPath(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, strings.Repeat("s", maxPath()-len(dir)-1))
	s, _ := served(t, realSystem())
	commit(t, s, Start, line(t, path))
	if err := asks(unixAddress(path)); err != nil {
		t.Error(err)
	}
}

// A directory whose defaults are others does not change the mode.
func TestModeOfADirectory(t *testing.T) {
	sys := realSystem()
	asked := fs.FileMode(0)
	sys.listen = func(network, address string) (net.Listener, error) {
		ln, err := realSystem().listen(network, address)
		os.Chmod(address, 0o600) // as a default ACL does
		return ln, err
	}
	sys.chmod = func(path string, mode fs.FileMode) error { asked = mode; return chmod(path, mode) }
	s, _ := served(t, sys)
	commit(t, s, Start, line(t, shortDir(t)+"/s"))
	if c := s.Checks()[0]; asked != 0o666 || c.Is != c.Asked {
		t.Errorf("chmod to %v, %+v", asked, c)
	}
}

// A private directory must be ours alone.
func TestPrivateDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	dir := shortDir(t)
	o := line(t, dir+"/d/s")
	o.Directory = &Directory{Mode: 0o700, UID: -1, GID: -1, Private: true}
	s, _ := served(t, realSystem())
	commit(t, s, Start, o)
	if info, err := os.Stat(dir + "/d"); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	for _, spoil := range []func(){
		func() { os.Chmod(dir+"/d", 0o777) },
		func() { os.Chmod(dir+"/d", 0o700); os.Chown(dir+"/d", 4711, -1) },
	} {
		spoil()
		o.Address.Path = dir + "/d/t"
		if _, err := s.Prepare(t.Context(), []Options{o}, Strict); err == nil || !strings.Contains(err.Error(), "expected one that belongs to uid 0") {
			t.Error(err)
		}
	}
}

// supervisorSocket is a socket as a supervisor passes it.
func supervisorSocket(t *testing.T, network, address string) (*os.File, net.Listener) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	return f, l
}

// A supervisor's sockets serve the lines with their addresses, whatever their
// mode, and are served without a line too. They are never removed.
func TestSupervisorsSockets(t *testing.T) {
	dir := shortDir(t)
	named, _ := supervisorSocket(t, "unix", dir+"/named")
	unnamed, _ := supervisorSocket(t, "unix", dir+"/unnamed")
	port, bound := supervisorSocket(t, "tcp", ":0")
	file, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, hook := served(t, realSystem())
	if err := s.AdoptFiles([]*os.File{named, unnamed, port, file}); err == nil {
		t.Error("adopted a directory")
	}
	o := line(t, dir+"/named")
	o.Mode = 0o600
	other := Options{Address: egdproto.Address{Network: "tcp", Host: "0.0.0.0", Port: bound.Addr().(*net.TCPAddr).Port}, GID: -1,
		Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	byDefault := line(t, dir+"/default")
	byDefault.Default = true
	for range 2 {
		commit(t, s, Start, o, other, byDefault)
		if len(s.Listeners()) != 3 {
			t.Errorf("%+v", s.Report())
		}
	}
	if e := hook.LastEntry(); e == nil || !strings.Contains(e.Message, "no listen line names") {
		t.Errorf("%v", e)
	}
	if s.Listeners()[1].Allows(netip.MustParseAddr("127.0.0.1")) {
		t.Error("the line's allow= is not in effect")
	}
	s = passOn(t, s)
	commit(t, s, Adopted, o, other, byDefault)
	if err := asks(unixAddress(dir + "/unnamed")); err != nil {
		t.Error(err)
	}
	s.Close()
	if got := names(t, dir); got != "S---------/named S---------/unnamed" {
		t.Errorf("left %s", got)
	}
}

// At tells a control socket from others, by whichever way its path is written.
func TestAt(t *testing.T) {
	dir := shortDir(t)
	os.Symlink(dir, dir+"/way")
	ctl, _ := supervisorSocket(t, "unix", dir+"/ctl")
	other, _ := supervisorSocket(t, "unix", dir+"/other")
	port, _ := supervisorSocket(t, "tcp", "127.0.0.1:0")
	at, rest := At(unixAddress(dir+"/way/ctl"), []*os.File{other, ctl, port})
	if !slices.Equal(at, []*os.File{ctl}) || !slices.Equal(rest, []*os.File{other, port}) {
		t.Errorf("%v, %v", at, rest)
	}
}

// allow= changes in place.
func TestAllowChangesInPlace(t *testing.T) {
	s, _ := served(t, realSystem())
	o := line(t, "tcp/0.0.0.0:"+portOf(t))
	commit(t, s, Start, o)
	l := s.Listeners()[0]
	o.Allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	commit(t, s, Strict, o)
	if s.Listeners()[0] != l || l.Allows(netip.MustParseAddr("127.0.0.1")) || !l.Allows(netip.MustParseAddr("10.1.2.3")) {
		t.Error("another socket, or other peers")
	}
}

// The daemon ends while a change is under way: nothing of it stays.
func TestCloseDuringAChange(t *testing.T) {
	dir := shortDir(t)
	s, _ := served(t, realSystem())
	commit(t, s, Start, line(t, dir+"/s"))
	o := line(t, dir+"/s")
	o.Mode = 0o600
	c, err := s.Prepare(t.Context(), []Options{o, line(t, dir+"/t")}, Strict)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	c.Commit()
	if got := names(t, dir); got != "" {
		t.Errorf("left %s", got)
	}
}

// Two changes do not meet: the second waits for the first.
func TestOneChangeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := served(t, realSystem())
		first, err := s.Prepare(t.Context(), nil, Strict)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Prepare(ctx, nil, Strict); !change.IsLater(err) {
			t.Error(err)
		}
		first.Rollback()
		c, err := s.Prepare(t.Context(), nil, Strict)
		if err != nil {
			t.Fatal(err)
		}
		c.Rollback()
	})
}

// Only a stream socket that listens is taken from a supervisor: of any other, nobody
// could be accepted, for ever.
func TestAdoptsWhatListens(t *testing.T) {
	dir := t.TempDir()
	socket := func(kind int, bind string, listen bool) *os.File {
		fd, err := unix.Socket(unix.AF_UNIX, kind, 0)
		if err == nil && bind != "" {
			err = unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(dir, bind)})
		}
		if err == nil && listen {
			err = unix.Listen(fd, 1)
		}
		if err != nil {
			t.Skipf("%s: %v", bind, err)
		}
		return os.NewFile(uintptr(fd), bind)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	internet := os.NewFile(uintptr(fd), "no port")
	for name, c := range map[string]struct {
		file *os.File
		want string // in the error; "" = adopted
	}{
		"listening":  {socket(unix.SOCK_STREAM, "listening", true), ""},
		"bound":      {socket(unix.SOCK_STREAM, "bound", false), ""},
		"unbound":    {socket(unix.SOCK_STREAM, "", false), "expected a socket that listens"},
		"no port":    {internet, "without a port"},
		"connection": {os.NewFile(uintptr(pair[0]), "connection"), "found a connection"},
		"datagram":   {socket(unix.SOCK_DGRAM, "datagram", false), "expected a stream socket"},
		"packets":    {socket(unix.SOCK_SEQPACKET, "packets", true), "expected a stream socket"},
	} {
		s := quietSet(t)
		err := s.AdoptFiles([]*os.File{c.file})
		if adopted := len(s.Listeners()) == 1; adopted != (c.want == "") || (err == nil) != adopted || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: adopted %v, %v, expected %q", name, adopted, err, c.want)
		}
		s.Close()
	}
}
