//go:build linux

// Package failcalls has every system call of the accept and reply path of a running daemon fail, by strace, once with
// each of its errors, and says what that did to the client at hand, to the others and to the daemon.
//
// Nothing but the client at hand moves while a call is to fail. So which call it is is known: the first, the second,
// ... of that name on the thread that accepts.
package failcalls

import (
	"runtime"
	"testing"

	"prngd/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// TestEveryCallFails goes through the table in plan_test.go: nobody loses more than that allows, and no failure is
// without its effect, or this test would not see what it looks for.
func TestEveryCallFails(t *testing.T) {
	harness.System(t)
	harness.Need(t, "strace")
	d := &daemon{Daemon: harness.Start(t, harness.Options{Conf: "seed-credit yes", TCP: true})}
	if _, err := d.trace(d.PID, nil, func() {}); err != nil {
		t.Skipf("strace may not look at processes here: %v", err)
	}
	r := &report{say: t.Logf}
	d.run(t, r)
	t.Logf("\n%s", r)
	if n := r.blind(); r.bad > 0 || n > 0 {
		t.Errorf("%d of %d failures cost more than they may, %d kinds were not seen to cost anything\n%s", r.bad, r.all, n, d.Logged())
	}
	harness.Figure(t, "%d failures of %d kinds, %d of them too costly", r.all, len(r.rows), r.bad)
	if got := d.Status(); got.Clients.Short != 0 {
		t.Errorf("%d short replies", got.Clients.Short)
	}
	d.Stop()
	d.SeedCounts()
}

// run is the whole plan, over both kinds of sockets, and a new listener last.
func (d *daemon) run(t *testing.T, r *report) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			d.Fatalf("%v", err)
		}
	}
	must(d.findLoop())
	others, err := d.befriend()
	must(err)
	defer runtime.KeepAlive(others) // the collector would close them, and the count be short
	before, err := d.descriptors()
	must(err)
	for network := range d.addresses() {
		must(d.failAll(r, network, others))
	}
	must(d.failListeners(r, others))
	after, err := d.descriptors()
	must(err)
	// A close that strace fails is not carried out: its descriptor stays.
	if after != before+d.added+r.unclosed {
		t.Errorf("%d descriptors before, %d after, %d for new listeners, %d whose close was failed", before, after, d.added, r.unclosed)
	}
	urgent, err := d.urgent()
	must(err)
	calls, err := d.idleCalls()
	must(err)
	for _, c := range urgent {
		c.Close()
	}
	if calls > mostIdle {
		t.Errorf("%d system calls of the loop in a second in which nobody asked: it spins", calls)
	}
	harness.Figure(t, "afterwards: %d descriptors (%d of them whose close was failed), %d system calls of the loop in a second of silence, among peers with urgent data",
		after, r.unclosed, calls)
}
