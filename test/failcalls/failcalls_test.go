//go:build linux

// Package failcalls has every system call of the accept and reply path of a running daemon fail, by strace, once with
// each of its errors, and says what that did to the client at hand, to the others and to the daemon.
//
// Nothing but the client at hand moves while a call is to fail. So which call it is is known: the first, the second,
// ... of that name on the thread that accepts.
package failcalls

import (
	"strings"
	"testing"

	"prngd/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }

// failures are the errors of one call that may cost its client the same.
type failures struct {
	call, errors string
	when         string // the sockets over which it is made
	cost         verdict
}

// plan is every error that these calls have by their manual pages and could have here. Two of them mean that the peer
// is gone; every other is survived by the very connection that it happens to.
var plan = []failures{
	{"accept4", "EINTR EAGAIN ECONNABORTED EMFILE ENFILE ENOBUFS ENOMEM EPERM", "unix tcp", answered},
	{"accept4", "EPROTO", "tcp", answered},
	{"getsockopt", "EINTR ENOBUFS ENOMEM", "unix", answered},
	{"setsockopt", "ENOBUFS ENOMEM", "tcp", answered},
	{"recvfrom", "EINTR EAGAIN ENOBUFS ENOMEM", "unix tcp", answered},
	{"recvfrom", "ECONNRESET", "unix tcp", dropped},
	{"sendto", "EINTR EAGAIN ENOBUFS ENOMEM", "unix tcp", answered},
	{"sendto", "EPIPE ECONNRESET", "unix tcp", dropped},
	{"epoll_ctl", "ENOMEM ENOSPC", "unix tcp", answered},
	{"epoll_wait", "EINTR", "unix tcp", answered},
	{"epoll_pwait", "EINTR", "unix tcp", answered},
	{"timerfd_settime", "EINTR", "unix tcp", answered},
	{"close", "EINTR", "unix", noEnd},
	{"close", "EIO", "tcp", noEnd},
	// What can fail when a listener is added to a serving daemon.
	{"read", "EINTR", "new", answered},
	{"fcntl", "EMFILE", "new", answered},
	{"epoll_ctl", "ENOMEM ENOSPC", "new", answered},
}

// most is how many calls of a kind are failed, and the last one.
const most = 20

// mostIdle is more system calls than an idle loop makes in a second, and far fewer than one that spins, even under
// strace.
const mostIdle = 500

// TestEveryCallFails goes through the plan: nobody loses more than that allows, and no failure is without its effect,
// or this test would not see what it looks for.
func TestEveryCallFails(t *testing.T) {
	harness.System(t)
	harness.Need(t, "strace")
	d := &daemon{Daemon: harness.Start(t, harness.Options{Conf: "seed-credit yes\nlisten tcp/localhost:PORT"}), t: t}
	d.findLoop()
	for range 4 {
		d.others = append(d.others, d.Dial("unix"), d.Dial("tcp"))
	}
	harness.Must(t, d.check())
	before := d.descriptors()
	for _, when := range []string{"unix", "tcp", "new"} {
		d.failAll(when)
	}
	after := d.descriptors()
	// A close that strace fails is not carried out: its descriptor stays.
	if after != before+d.added+d.unclosed {
		t.Errorf("%d descriptors before, %d after, %d for new listeners, %d whose close was failed", before, after, d.added, d.unclosed)
	}
	idle := d.idleCalls()
	if idle > mostIdle {
		t.Errorf("%d system calls of the loop in a second in which nobody asked: it spins", idle)
	}
	harness.Figure(t, "%d failures of %d kinds; afterwards %d descriptors (%d of them whose close was failed), "+
		"%d system calls of the loop in a second of silence, among peers with urgent data", d.failed, d.kinds, after, d.unclosed, idle)
	if n := d.Status().Clients.Short; n != 0 {
		t.Errorf("%d short replies", n)
	}
	if t.Failed() {
		t.Log(d.Logged())
	}
	d.Stop()
	d.SeedCounts()
}

// failAll has every call fail that an exchange over this kind of socket makes, or for a new listener and a client of
// that the first one.
func (d *daemon) failAll(when string) {
	d.t.Helper()
	victim := func() verdict { return d.exchange(when, slowly) }
	if when == "new" {
		victim = func() verdict { d.addListener(); return d.exchange(when, slowly) }
	}
	var seen verdict
	text := d.trace(d.loop, func() { seen = victim() })
	if seen != answered {
		d.Fatalf("while nothing fails, a client, %s: %s", when, seen)
	}
	for _, f := range plan {
		n := strings.Count("\n"+text, "\n"+f.call+"(")
		if !strings.Contains(f.when, when) || n == 0 && strings.HasSuffix(f.call, "wait") {
			continue // a system has epoll_wait or epoll_pwait
		}
		if when == "new" {
			n = min(n, 1)
		}
		for errno := range strings.FieldsSeq(f.errors) {
			d.failEach(f, errno, when, n, victim)
		}
	}
}

// failEach has the 1st, 2nd, ... of n calls fail with one error, and the last one.
func (d *daemon) failEach(f failures, errno, when string, n int, victim func() verdict) {
	d.t.Helper()
	all := map[verdict]int{}
	for nth := 1; nth <= n; nth++ {
		if nth > most && nth < n {
			continue
		}
		seen, hit := d.fail(f.call, errno, nth, victim)
		if !hit {
			continue // it made a call less this time
		}
		all[seen]++
		d.failed++
		if seen == noEnd {
			d.unclosed++
		}
		if err := d.check(); seen != answered && seen != f.cost || err != nil {
			d.t.Errorf("%s %d, %s, %s: client %s, not %s; others: %v", f.call, nth, when, errno, seen, f.cost, err)
		}
	}
	d.kinds++
	d.t.Logf("%-15s %-13s %-4s %v", f.call, errno, when, all)
	if all[f.cost] == 0 { // then this test does not see what it looks for
		d.t.Errorf("%s, %s, %s: no client saw %q", f.call, when, errno, f.cost)
	}
}
