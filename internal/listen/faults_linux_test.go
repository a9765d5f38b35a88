package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/test/port"
)

// faults makes one call of the operating system fail, and looks around before and
// after each.
type faults struct {
	failing int             // the number of the call, from 1 on; 0: none
	with    unix.Errno      // the error of that call
	calls   []string        // so far
	look    func(at string) // called around every call
}

func (f *faults) step(call string) error {
	if f.look != nil {
		f.look("before " + call)
		defer f.look("after " + call)
	}
	f.calls = append(f.calls, call)
	if len(f.calls) == f.failing {
		return fmt.Errorf("injected: %w", f.with)
	}
	return nil
}

// system is the real one, with f in between.
func (f *faults) system() *system {
	sys := *realSystem()
	real := sys
	sys.listen = func(network, address string) (net.Listener, error) {
		if err := f.step("bind"); err != nil {
			return nil, err
		}
		ln, err := real.listen(network, address)
		if err != nil {
			return nil, err
		}
		if err := f.step("listen"); err != nil { // bound by now
			if u, ok := ln.(*net.UnixListener); ok {
				u.SetUnlinkOnClose(false)
			}
			ln.Close()
			return nil, err
		}
		return ln, nil
	}
	sys.bind = func(a netip.AddrPort) (net.Listener, error) {
		if err := f.step("bind beside"); err != nil {
			return nil, err
		}
		return real.bind(a)
	}
	sys.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
		if err := f.step("lookup"); err != nil {
			return nil, &net.DNSError{Err: err.Error(), Name: host}
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	sys.dial = around(f, "connect", real.dial)
	sys.remove = around(f, "unlink", real.remove)
	sys.lock = around(f, "flock", real.lock)
	sys.relisten = around(f, "listen again", real.relisten)
	sys.stat = asking(f, "stat", real.stat)
	sys.lstat = asking(f, "lstat", real.lstat)
	sys.openDir = asking(f, "open directory", real.openDir)
	sys.readDir = asking(f, "read directory", real.readDir)
	sys.mkdir = changing(f, "mkdir", real.mkdir)
	sys.chmod = changing(f, "chmod", real.chmod)
	sys.chgrp = changing(f, "chgrp", real.chgrp)
	sys.link = changing(f, "link", real.link)
	sys.rename = changing(f, "rename", real.rename)
	sys.lchown = func(path string, uid, gid int) error {
		if err := f.step("chown"); err != nil {
			return err
		}
		return real.lchown(path, uid, gid)
	}
	return &sys
}

func around[A any](f *faults, name string, call func(A) error) func(A) error {
	return func(a A) error {
		if err := f.step(name); err != nil {
			return err
		}
		return call(a)
	}
}

func asking[A, R any](f *faults, name string, call func(A) (R, error)) func(A) (R, error) {
	return func(a A) (r R, _ error) {
		if err := f.step(name); err != nil {
			return r, err
		}
		return call(a)
	}
}

func changing[A, B any](f *faults, name string, call func(A, B) error) func(A, B) error {
	return func(a A, b B) error {
		if err := f.step(name); err != nil {
			return err
		}
		return call(a, b)
	}
}

// scenario is one change of what a set holds.
type scenario struct {
	name  string
	modes []Mode
	plant func(t *testing.T, dir string)
	held  func(dir string, port int) []Options
	spoil func(t *testing.T, dir string) // after held is served
	next  func(dir string, port int) []Options
}

func tcpLine(host string, port int) Options {
	return Options{Address: egdproto.Address{Network: "tcp", Host: host, Port: port}, GID: -1, Where: "conf:3",
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

func unixLine(path string, mode fs.FileMode, gid int) Options {
	return Options{Address: unixAddress(path), Mode: mode, GID: gid, Where: "conf:2"}
}

func none(string, int) []Options { return nil }

func scenarios() []scenario {
	one := func(dir string, _ int) []Options { return []Options{unixLine(dir+"/s", 0o666, -1)} }
	other := func(dir string, _ int) []Options { return []Options{unixLine(dir+"/s", 0o640, os.Getgid())} }
	local := func(_ string, port int) []Options { return []Options{tcpLine("127.0.0.1", port)} }
	all := func(_ string, port int) []Options { return []Options{tcpLine("0.0.0.0", port)} }
	named := func(_ string, port int) []Options { return []Options{tcpLine("a.host.test", port)} }
	return []scenario{
		{name: "fresh path", modes: []Mode{Start, Strict, Adopted}, held: none, next: other},
		{name: "dead socket", modes: []Mode{Start, Strict}, held: none, next: one,
			plant: func(t *testing.T, dir string) { plant(t, dir+"/s", "unix", false) }},
		{name: "abandoned temporary name", modes: []Mode{Start}, held: none, next: one,
			plant: func(t *testing.T, dir string) {
				plant(t, dir+"/.s.prngd-1", "unix", false)
				os.Chtimes(dir+"/.s.prngd-1", time.Unix(1, 0), time.Unix(1, 0))
			}},
		{name: "missing directory", modes: []Mode{Start, Strict}, held: none,
			next: func(dir string, _ int) []Options {
				o := unixLine(dir+"/d/s", 0o666, -1)
				o.Directory = &Directory{Mode: 0o700, UID: os.Getuid(), GID: os.Getgid(), Private: true}
				return []Options{o}
			}},
		{name: "other mode and group", modes: []Mode{Strict, Adopted}, held: one, next: other},
		{name: "unchanged", modes: []Mode{Strict, Adopted}, held: one, next: one},
		{name: "removed path", modes: []Mode{Strict, Adopted}, held: one, next: one,
			spoil: func(t *testing.T, dir string) { os.Remove(dir + "/s") }},
		{name: "one comes and one goes", modes: []Mode{Strict, Adopted},
			held: func(dir string, _ int) []Options {
				return []Options{unixLine(dir+"/s", 0o666, -1), unixLine(dir+"/old", 0o666, -1)}
			},
			next: func(dir string, _ int) []Options {
				return []Options{unixLine(dir+"/new", 0o666, -1), unixLine(dir+"/s", 0o666, -1)}
			}},
		{name: "another way to it, other mode", modes: []Mode{Strict, Adopted}, held: one,
			plant: func(t *testing.T, dir string) { os.Symlink(dir, dir+"/way") },
			next:  func(dir string, _ int) []Options { return []Options{unixLine(dir+"/way/s", 0o600, -1)} }},
		{name: "a TCP port comes", modes: []Mode{Start, Strict, Adopted}, held: none, next: local},
		{name: "a host name comes", modes: []Mode{Start, Strict, Adopted}, held: none, next: named},
		{name: "a host name for its address", modes: []Mode{Strict, Adopted}, held: local, next: named},
		{name: "wider TCP address", modes: []Mode{Strict, Adopted}, held: local, next: all},
		{name: "narrower TCP address", modes: []Mode{Strict, Adopted}, held: all, next: local},
	}
}

// trial is one run of a scenario with one fault.
type trial struct {
	t      *testing.T
	sc     scenario
	mode   Mode
	faults *faults
	dir    string
	port   int
	set    *Set
	old    []egdproto.Address // answer throughout
	tree   string             // before the change
	faulty bool               // a call fails

	committing bool // sockets may be replaced from now on
}

func newTrial(t *testing.T, sc scenario, mode Mode, f *faults, port int) *trial {
	dir := shortDir(t)
	tr := &trial{t: t, sc: sc, mode: mode, faults: f, dir: dir, port: port, faulty: f.failing > 0}
	if sc.plant != nil {
		sc.plant(t, dir)
	}
	log, _ := logtest.NewNullLogger()
	tr.set = newSet(Config{Log: log, Serve: answer}, realSystem())
	tr.commit(sc.held(dir, tr.port), Start)
	if mode == Adopted {
		tr.adopt()
	}
	*tr.set.sys = *f.system()
	if sc.spoil != nil {
		sc.spoil(t, dir)
	}
	return tr
}

func (tr *trial) commit(lines []Options, mode Mode) {
	tr.t.Helper()
	c, err := tr.set.Prepare(context.Background(), lines, mode)
	if err == nil {
		err = c.Commit()
	}
	if err != nil {
		tr.t.Fatal(err)
	}
}

// adopt has a new set take over, as the program of an upgrade. Its sockets are
// served from now on, as they are where clients wait.
func (tr *trial) adopt() {
	st, err := tr.set.HandOver()
	if err != nil {
		tr.t.Fatal(err)
	}
	for i := range st {
		for j := range st[i].Sockets {
			fd, err := unix.Dup(st[i].Sockets[j].FD)
			if err != nil {
				tr.t.Fatal(err)
			}
			st[i].Sockets[j].FD = fd
		}
	}
	before := tr.set
	tr.set = newSet(before.config, realSystem())
	if err := tr.set.Adopt(st); err != nil {
		tr.t.Fatal(err)
	}
	before.Release()
	for _, l := range tr.set.Listeners() {
		answer(l)
	}
}

// look asserts that the old sockets answer. The kernel resets a TCP connection that
// comes while a replaced socket is closed, after the last look at its queue: such a
// client asks once more.
func (tr *trial) look(at string) {
	for _, a := range tr.old {
		err := asks(a)
		if tr.committing && a.Network == "tcp" && errors.Is(err, unix.ECONNRESET) {
			err = asks(a)
		}
		if err != nil {
			tr.t.Errorf("%s: %s: %v", at, a, err)
		}
	}
}

// run makes the change and judges what came of it.
func (tr *trial) run() {
	t := tr.t
	next := tr.sc.next(tr.dir, tr.port)
	if tr.sc.spoil == nil {
		for _, l := range tr.set.Listeners() {
			tr.old = append(tr.old, dialed(l))
		}
	}
	fds := descriptors(t)
	tr.tree = names(t, tr.dir)
	tr.faults.look = tr.look
	c, err := tr.set.Prepare(context.Background(), next, tr.mode)
	if err != nil {
		tr.faults.look = nil
		tr.named(err)
		if tr.mode == Adopted {
			t.Errorf("the program of an upgrade refused: %v", err)
		}
		if got := names(t, tr.dir); got != tr.tree && tr.sc.name != "dead socket" && tr.sc.name != "abandoned temporary name" {
			t.Errorf("refused, and left %s, was %s", got, tr.tree)
		}
		tr.look("refused")
		settle(t, fds)
		return
	}
	tr.forgetRemoved(next)
	tr.committing = true
	err = c.Commit()
	tr.faults.look = nil
	if err != nil {
		tr.named(err)
	}
	tr.faults.failing = -1
	tr.look("committed")
	tr.judge(next, err)
}

// forgetRemoved leaves out what the change is to end.
func (tr *trial) forgetRemoved(next []Options) {
	tr.old = slices.DeleteFunc(tr.old, func(a egdproto.Address) bool {
		return a.Network == "unix" && filepath.Base(a.Path) == "old"
	})
}

// judge asserts that every line is served, or that the report names it.
func (tr *trial) judge(next []Options, committed error) {
	t := tr.t
	failed := ""
	for _, st := range tr.set.Report() {
		if st.Error == "" && !st.Missing && st.Check.Is != st.Check.Asked {
			t.Errorf("%s is %q, asked for %q", st.Address, st.Check.Is, st.Check.Asked)
		}
		failed += st.Error
	}
	if committed != nil && failed == "" {
		for _, st := range tr.set.Report() {
			if st.Check.Is != st.Check.Asked {
				failed = st.Check.Is
			}
		}
	}
	for _, c := range tr.set.Probe(context.Background()) {
		if c.Is != c.Asked && failed == "" {
			t.Errorf("%s: %s", c.What, c.Is)
		}
	}
	if got := tr.set.Listeners(); len(got) < len(next) && failed == "" {
		t.Errorf("%d sockets of %d lines, and no error in the report", len(got), len(next))
	}
	if !tr.faulty && (failed != "" || committed != nil) {
		t.Errorf("without a fault: %s, %v", failed, committed)
	}
}

// named asserts that an error names line and address.
func (tr *trial) named(err error) {
	tr.t.Helper()
	for line := range strings.SplitSeq(err.Error(), "; ") {
		if !strings.Contains(line, tr.dir) && !strings.Contains(line, "tcp/") || !strings.Contains(line, "conf:") && !strings.Contains(line, "removing the socket") {
			tr.t.Errorf("the error names no line or address: %v", err)
		}
	}
}

// end closes the set and asserts that nothing is left.
func (tr *trial) end(fds int) {
	tr.faults.failing = -1
	tr.set.Close()
	if got := names(tr.t, tr.dir); strings.Contains(got, "S") && (got != tr.tree || tr.sc.plant == nil) {
		tr.t.Errorf("left on disk: %s", got)
	}
	settle(tr.t, fds)
}

// descriptors returns how many are open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// settle waits for the connections of the test to be closed.
func settle(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); descriptors(t) > want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d descriptors are open, expected %d", descriptors(t), want)
		}
	}
}

// A1, A7, A12, A15, A18: every call of every change fails once, with an error that
// may go away and with one that never does. The old socket answers around every
// call, an error names line and address, and nothing is left open or on disk.
func TestEveryCallFailsOnce(t *testing.T) {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil { // the first socket of a process opens descriptors of the runtime's
		l.Close()
	}
	cases := 0
	for _, sc := range scenarios() {
		for _, mode := range sc.modes {
			total := tryFault(t, sc, mode, &faults{})
			for failing := 1; failing <= total; failing++ {
				for _, with := range []unix.Errno{unix.EPERM, unix.ENFILE} {
					tryFault(t, sc, mode, &faults{failing: failing, with: with})
					cases++
				}
			}
		}
	}
	t.Logf("%d cases", cases)
	if cases < 60 {
		t.Errorf("%d cases, expected at least 60", cases)
	}
}

// tryFault returns how many calls the change made.
func tryFault(t *testing.T, sc scenario, mode Mode, f *faults) (calls int) {
	name := fmt.Sprintf("%s, mode %d, call %d %v", sc.name, mode, f.failing, f.with)
	t.Run(name, func(t *testing.T) {
		at := port.For(t)
		fds, failing := descriptors(t), f.failing
		tr := newTrial(t, sc, mode, f, at)
		tr.run()
		calls = len(f.calls)
		if tr.faulty && failing <= calls {
			t.Logf("failed: %s", f.calls[failing-1])
		}
		tr.end(fds)
	})
	return calls
}
