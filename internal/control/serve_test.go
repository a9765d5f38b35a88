package control_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"prngd/internal/change"
	"prngd/internal/control"
)

// serve starts a server for h and returns a func that dials it.
func serve(t *testing.T, h control.Handler) func() net.Conn {
	t.Helper()
	return serveBy(t, control.NewServer(h))
}

// listen listens on a socket of its own.
func listen(t *testing.T) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveBy starts s and returns a func that dials it.
func serveBy(t *testing.T, s *control.Server) func() net.Conn {
	t.Helper()
	return serveOn(t, listen(t), s)
}

// serveOn is serveBy on a listener.
func serveOn(t *testing.T, l net.Listener, s *control.Server) func() net.Conn {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Serve(ctx, l); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return func() net.Conn {
		c, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(5 * time.Minute)) // what hangs, not what is slow
		return c
	}
}

func TestStatus(t *testing.T) {
	dial := serve(t, control.Handler{Status: func() control.Report {
		return control.Report{PID: 4711, Generator: control.Generator{State: "open"}}
	}})
	r, err := control.Ask(dial(), control.Status)
	if err != nil {
		t.Fatal(err)
	}
	if r.PID != 4711 || r.Generator.State != "open" {
		t.Errorf("report is %+v", r)
	}
}

func TestActions(t *testing.T) {
	var saved atomic.Int32
	dial := serve(t, control.Handler{Owner: os.Getuid(), Do: map[string]func(context.Context) error{
		control.Save:   func(context.Context) error { saved.Add(1); return nil },
		control.Reseed: func(context.Context) error { return errors.New("no credited source") },
	}})
	if _, err := control.Ask(dial(), control.Save); err != nil || saved.Load() != 1 {
		t.Errorf("save: %v, ran %d times", err, saved.Load())
	}
	if _, err := control.Ask(dial(), control.Reseed); err == nil || err.Error() != "no credited source" {
		t.Errorf("reseed: %v, expected the daemon's own words", err)
	}
	if _, err := control.Ask(dial(), control.Upgrade); err == nil {
		t.Error("an action without a func succeeded")
	}
}

// Whatever another user sends, the answer is one refusal in JSON and the server lives.
func TestRefusals(t *testing.T) {
	dial := serve(t, control.Handler{Owner: os.Getuid(), Status: func() control.Report { return control.Report{} }})
	for _, request := range []string{
		"statu\n",
		"status status\n",
		"\n",
		strings.Repeat("a", 64),
		strings.Repeat("status\n", 9000),
	} {
		c := dial()
		c.Write([]byte(request)) // the server may close before it has all of it
		_, err := control.Ask(readOnly{c}, "")
		if strings.HasPrefix(request, "status\n") {
			if err != nil {
				t.Errorf("%.10q: %v, expected the first line to be answered", request, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%.10q: %v, expected a refusal that says what is expected", request, err)
		}
	}
}

// E2: a client of the EGD protocol that is given the control socket by mistake gets
// nothing, at once: it would take an answer in JSON for random bytes.
func TestNothingForEGD(t *testing.T) {
	dial := serve(t, control.Handler{Owner: os.Getuid(), Status: func() control.Report { return control.Report{} }})
	for _, request := range []string{"\x00", "\x01\x10", "\x02\x10", "\x02\n", "\x03\x00\x08\x01\n", "\x04"} {
		c := dial()
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); len(got) > 0 || err != nil {
			t.Errorf("%q got %q, %v, expected the end", request, got, err)
		}
	}
}

// readOnly lets Ask read an answer to what was written already.
type readOnly struct{ io.Reader }

func (readOnly) Write(b []byte) (int, error) { return len(b), nil }

// patient accepts connections whose deadline for a request passes when the test says so.
type patient struct {
	*net.UnixListener
	waiting chan patientConn
}

type patientConn struct {
	*net.UnixConn
	waiting chan<- patientConn
}

func (l patient) Accept() (net.Conn, error) {
	c, err := l.AcceptUnix()
	return patientConn{c, l.waiting}, err
}

// SetDeadline hands over a connection that is to end within five seconds.
func (c patientConn) SetDeadline(at time.Time) error {
	if time.Until(at) <= 5*time.Second {
		c.waiting <- c
	}
	return nil
}

// Silent clients fill every slot: the next is told so at once. When the server's
// patience with them ends it is served.
func TestSilentClientsAreDropped(t *testing.T) {
	l := patient{listen(t), make(chan patientConn, control.AdminSlots+1)}
	dial := serveOn(t, l, control.NewServer(control.Handler{Status: func() control.Report { return control.Report{} }, Owner: os.Getuid()}))
	var first net.Conn
	for range control.AdminSlots {
		if c := dial(); first == nil {
			first = c
		}
	}
	var refused *control.RefusedError
	if _, err := control.Ask(dial(), control.Status); !errors.As(err, &refused) || !strings.Contains(err.Error(), "too many") || refused.Status != change.ExitLater {
		t.Errorf("with every slot taken: %v, expected a refusal", err)
	}
	for range control.AdminSlots {
		c := <-l.waiting
		if err := c.UnixConn.SetDeadline(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.ReadAll(first); err != nil { // until its end
		t.Fatal(err)
	}
	if _, err := control.Ask(dial(), control.Status); err != nil {
		t.Error(err)
	}
}

// TestUnread: a request that has not come when a server ends is answered by the
// next one, so that no client of the control socket notices an upgrade.
func TestUnread(t *testing.T) {
	h := control.Handler{Status: func() control.Report { return control.Report{PID: 4711} }}
	for _, c := range []struct{ said, before, after string }{
		{"", "", "status\n"},
		{"", "sta", "tus\n"},
		{"", "status\n", ""},
		{"sta", "", "tus\n"},
		{"status\n", "", ""},
	} {
		l := listen(t)
		client, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		accepted, err := l.AcceptUnix()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(client, c.before)
		first, next := control.NewServer(h), control.NewServer(h)
		first.Adopt(control.Unread{Conn: accepted, Said: c.said})
		ended, end := context.WithCancel(t.Context())
		end()
		first.Serve(ended, l)
		for _, u := range first.Unread() {
			next.Adopt(u)
		}
		serveBy(t, next)
		io.WriteString(client, c.after)
		client.SetDeadline(time.Now().Add(5 * time.Minute))
		if r, err := control.Ask(readOnly{client}, ""); err != nil || r.PID != 4711 {
			t.Errorf("%+v: %+v, %v, expected the report", c, r, err)
		}
	}
}

// Other users, one or many, take no slot from an admin, and one of them not all
// of theirs.
func TestSlots(t *testing.T) {
	s := control.NewSlots(1000)
	fill := func(uid int) (n int) {
		for s.Take(uid) {
			n++
		}
		return n
	}
	for i, want := range []int{4, 4, 4, 4, 0} {
		if n := fill(2001 + i); n != want {
			t.Errorf("uid %d has %d slots, expected %d", 2001+i, n, want)
		}
	}
	if n := fill(0); n != 16 {
		t.Errorf("uid 0 has %d slots, expected 16", n)
	}
	if s.Take(1000) {
		t.Error("owner and uid 0 have more than 16 slots together")
	}
	s.Release(0)
	if !s.Take(1000) {
		t.Error("the owner gets no slot that uid 0 has left")
	}
	s.Release(2003)
	if s.Take(2001) || !s.Take(2005) {
		t.Error("a freed slot went to a user at the limit, or to none")
	}
}

// healthNow is the time of the reports of the health tests.
var healthNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func ago(d time.Duration) *time.Time { t := healthNow.Add(-d); return &t }

// healthCase is a change to a healthy report, and the health that it makes.
type healthCase struct {
	name   string
	change func(*control.Report)
	want   control.Health
	reason string
}

func checkHealth(t *testing.T, cases []healthCase) {
	t.Helper()
	for _, c := range cases {
		r := &control.Report{
			Started:   healthNow.Add(-time.Hour),
			Now:       healthNow,
			Generator: control.Generator{State: control.StateSeeded, SeededAt: ago(time.Hour), LastReseed: ago(time.Minute)},
			Sources: []control.Source{{Name: "kernel", State: "healthy", Credit: 8, Samples: 1, Bits: 512},
				{Name: "cpu", State: "failing", Samples: 5}, {Name: "jitter", State: "failing", Credit: 1. / 64}},
			Seed:      control.Seed{LastSave: ago(time.Hour)},
			Listeners: []control.Socket{{Address: "/run/egd-pool"}},
		}
		c.change(r)
		got, reasons := r.Health()
		if got != c.want || !strings.Contains(strings.Join(reasons, "; "), c.reason) {
			t.Errorf("%s: %v %q, want %v with %q", c.name, got, reasons, c.want, c.reason)
		}
	}
}

func TestHealth(t *testing.T) {
	checkHealth(t, []healthCase{
		{"all is well", func(*control.Report) {}, control.OK, ""},
		{"unseeded for a minute", func(r *control.Report) {
			r.Generator.State, r.Started = control.StateUnseeded, healthNow.Add(-time.Minute)
		}, control.Degraded, "not seeded yet"},
		{"unseeded for longer", func(r *control.Report) {
			r.Generator.State, r.Started = control.StateUnseeded, healthNow.Add(-61*time.Second)
		}, control.Critical, "not seeded for 1m1s"},
		{"a short reply", func(r *control.Report) { r.Clients.Short = 1 }, control.Critical, "short"},
		{"reseed required", func(r *control.Report) { r.Generator.State = control.StateReseedRequired }, control.Degraded, "a reseed is required"},
		{"asked for and not so", func(r *control.Report) { r.Checks = []control.Check{{What: "uid", Asked: "1", Is: "0"}} }, control.Degraded, "uid is \"0\", asked for \"1\""},
		{"asked for and unknown", func(r *control.Report) {
			r.Checks = []control.Check{{What: "capabilities", Asked: "none", Is: "unknown: ENOSYS", Critical: true}}
		}, control.Critical, "capabilities"},
		{"a change was refused", func(r *control.Report) { r.Change = &control.Change{Kind: "reload", Status: 75, Error: "conf:3: x"} }, control.Degraded, "reload refused: conf:3"},
		{"no reseed", func(r *control.Report) { r.Generator.LastReseed = ago(26 * time.Minute) }, control.Degraded, "reseed overdue"},
		{"never a reseed", func(r *control.Report) { r.Generator.LastReseed = nil }, control.Degraded, "reseed overdue"},
		{"save failed", func(r *control.Report) { r.Seed.Error = "disk full" }, control.Degraded, "disk full"},
		{"save is old", func(r *control.Report) { r.Seed.LastSave = ago(121 * time.Minute) }, control.Degraded, "not saved for over 2h"},
		{"socket removed", func(r *control.Report) { r.Listeners[0].Missing = true }, control.Degraded, "/run/egd-pool"},
		{"exchange fails", func(r *control.Report) { r.Exchange = []control.File{{Path: "/x", Error: "locked"}} }, control.Degraded, "locked"},
		{"refusals", func(r *control.Report) { r.Clients.LastRefusal = ago(9 * time.Minute) }, control.Degraded, "refused in the last 10m"},
		{"refusals long ago", func(r *control.Report) { r.Clients.LastRefusal = ago(11 * time.Minute) }, control.OK, ""},
	})
}

// TestHealthOfSources: a source with a credit that fails counts, in its start-up test
// too, if it has worked before or a source line names it.
func TestHealthOfSources(t *testing.T) {
	checkHealth(t, []healthCase{
		{"a credited source fails", func(r *control.Report) { r.Sources[0].State = "failing" }, control.Degraded, "kernel"},
		{"it fails in its start-up test", func(r *control.Report) { r.Sources[0].State, r.Sources[0].Bits = "failing", 0 }, control.Degraded, "source kernel is failing"},
		{"or hangs there", func(r *control.Report) { r.Sources[0].State, r.Sources[0].Bits = "hung", 0 }, control.Degraded, "source kernel is hung"},
		{"its start-up test goes on", func(r *control.Report) { r.Sources[0].State, r.Sources[0].Bits = "testing", 0 }, control.OK, ""},
		{"a credited device was never there", func(r *control.Report) {
			r.Sources[1] = control.Source{Name: "dev:/dev/hwrng", State: "failing", Credit: 0.5, LastError: "no such file"}
		}, control.Degraded, "no such file"},
		{"a device without credit was never there", func(r *control.Report) { r.Sources[1] = control.Source{Name: "dev:/dev/hwrng", State: "failing"} }, control.OK, ""},
		{"a command is not installed", func(r *control.Report) {
			r.Sources[1] = control.Source{Name: "command:/bin/w", State: "failing", Credit: 0.1}
		}, control.OK, ""},
		{"a source is retired", func(r *control.Report) { r.Sources[0].State = "retired" }, control.Degraded, "kernel is retired"},
		{"the last source is retired", func(r *control.Report) { r.Sources[0].State, r.Sources[0].Needed = "retired", true }, control.Critical, "no other credited source"},
	})
}

func TestActionsCoalesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		begun, finish := make(chan struct{}), make(chan struct{})
		a := control.NewAction(func(context.Context) error {
			if runs.Add(1) == 1 {
				close(begun)
				<-finish
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go a.Ask(ctx)
		<-begun
		for range 50 { // all of them came too late for the first run
			go a.Ask(ctx)
		}
		synctest.Wait()
		start := time.Now()
		close(finish)
		if err := a.Ask(ctx); err != nil {
			t.Fatal(err)
		}
		if runs.Load() != 2 || time.Since(start) != time.Second {
			t.Errorf("%d runs, the second after %v; want 2, a second apart", runs.Load(), time.Since(start))
		}
	})
}

// early is a daemon that has refused before the request came, and hung up.
type early struct{ answer *strings.Reader }

func (e early) Write([]byte) (int, error)  { return 0, syscall.EPIPE }
func (e early) Read(b []byte) (int, error) { return e.answer.Read(b) }

func TestRefusedBeforeAsking(t *testing.T) {
	var refused *control.RefusedError
	_, err := control.Ask(early{strings.NewReader(`{"version":1,"error":"not you","denied":true}`)}, control.Status)
	if !errors.As(err, &refused) || refused.Reason != "not you" || !refused.Denied {
		t.Errorf("got %v", err)
	}
	if _, err := control.Ask(early{strings.NewReader("")}, control.Status); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("got %v, expected that the request could not be sent", err)
	}
}
