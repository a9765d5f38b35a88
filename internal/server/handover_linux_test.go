package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/internal/prng"
)

// park parks d, and returns its connections as another process would get them:
// through JSON, on descriptors of its own.
func (d *daemon) park() []Connection {
	d.t.Helper()
	parked, err := d.srv.Park(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	text, err := json.Marshal(parked)
	if err != nil {
		d.t.Fatal(err)
	}
	var cs []Connection
	if err := json.Unmarshal(text, &cs); err != nil {
		d.t.Fatal(err)
	}
	for i := range cs {
		if cs[i].FD, err = syscall.Dup(cs[i].FD); err != nil {
			d.t.Fatal(err)
		}
	}
	return cs
}

// heir makes a server with this pool that inherits cs, and serves.
func (d *daemon) heir(pool *prng.Generator, cs []Connection) *daemon {
	d.t.Helper()
	log, hook := logtest.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	next := &daemon{t: d.t, pool: pool, log: hook, path: d.path}
	next.srv = New(Config{Pool: pool, Log: log, PID: 4711, UnseededWait: maxUnseededWait})
	if err := next.srv.Inherit(cs); err != nil {
		d.t.Fatal(err)
	}
	next.start(nil)
	return next
}

// Nothing happens to a parked connection, and everything after Resume.
func TestResume(t *testing.T) {
	d := serve(t, bestDriver, prng.Seeded, nil)
	c := d.ask()
	for range 3 {
		if _, err := d.srv.Park(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.srv.Park(context.Background()); !errors.Is(err, errParked) {
			t.Fatalf("parked twice: %v", err)
		}
		before := d.srv.Stats()
		c.send([]byte{1, 16})
		late := d.dial()
		late.send([]byte{0})
		d.pool.Hold(prng.Jumped)
		d.pool.Release(d.pool.Ticket())
		if got := c.rest(); len(got) > 0 || d.srv.Stats() != before {
			t.Fatalf("parked, it says %x", got)
		}
		d.srv.Resume()
		if a, b := c.receive(17), late.receive(4); len(a) != 17 || len(b) != 4 {
			t.Fatalf("%d and %d bytes", len(a), len(b))
		}
	}
}

func TestParkEndsWithItsContext(t *testing.T) {
	d := serve(t, bestDriver, prng.Seeded, nil)
	d.ask()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 { // sometimes the loop is faster
		if _, err := d.srv.Park(ctx); err == nil {
			d.srv.Resume()
		} else if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		d.ask().c.Close()
	}
}

func TestParkWhenNotServing(t *testing.T) {
	d := serve(t, bestDriver, prng.Seeded, nil)
	d.stop()
	if _, err := d.srv.Park(context.Background()); !errors.Is(err, errNotServing) {
		t.Errorf("stopped: %v", err)
	}
	log, _ := logtest.NewNullLogger()
	if _, err := New(Config{Pool: d.pool, Log: log}).Park(context.Background()); !errors.Is(err, errNotServing) {
		t.Errorf("not started: %v", err)
	}
}

// A parked server that is stopped closes its copies without a word: the
// connections are another's by now.
func TestStopWhileParked(t *testing.T) {
	d := serve(t, bestDriver, prng.Seeded, nil)
	c := d.ask()
	d.park() // and never closed
	c.send([]byte{1, 16})
	d.stop()
	if got := c.rest(); len(got) > 0 {
		t.Errorf("it said %x", got)
	}
}

// Every state a connection can be in goes over, and no byte of a stream is lost.
func TestHandoverStates(t *testing.T) {
	d := serve(t, bestDriver, prng.Unseeded, nil)
	idle, half, gift, blocked, closing := d.dial(), d.dial(), d.dial(), d.dial(), d.dial()
	for _, c := range []*client{idle, half, gift, blocked, closing} {
		c.send([]byte{0})
		if b := c.receive(4); !bytes.Equal(b, make([]byte, 4)) {
			t.Fatalf("level %x", b)
		}
	}
	half.send([]byte{4, 1})
	gift.send([]byte{4, 3, 0, 8, 5, 'h', 'a'})
	blocked.send([]byte{4, 2, 200, 1, 7, 0, 2})
	closing.send([]byte{4, 2, 16})
	closing.shutWrite()
	for _, c := range []*client{half, gift, blocked, closing} {
		if b := c.receive(5); string(b) != "\x044711" {
			t.Fatalf("pid %x", b)
		}
	}
	d.eventually("the end of input", func(Stats) bool {
		cs, err := d.srv.Park(context.Background())
		d.srv.Resume()
		for _, c := range cs {
			if c.EOF && c.Blocked >= 0 {
				return err == nil
			}
		}
		return false
	})
	cs := d.park()
	next := d.heir(newPool(t, prng.Unseeded), cs)
	d.stop()
	next.eventually("five clients", func(s Stats) bool { return s.Clients == 5 })
	half.send([]byte{9})
	gift.send([]byte{'l', 'l', 'o', 0})
	if b := gift.receive(4); len(b) != 4 {
		t.Fatalf("%d bytes after a write", len(b))
	}
	next.eventually("the write", func(s Stats) bool { return s.Requests[3] == 1 })
	seed(next.pool)
	if b := half.receive(10); len(b) != 10 || b[0] != 9 {
		t.Errorf("half a request gave %x", b)
	}
	blocked.send([]byte{3})
	if b := blocked.receive(215); len(b) != 215 || b[200] != 7 || !bytes.Equal(b[208:212], []byte{0, 0, 32, 0}) {
		t.Errorf("blocked requests gave %x", b)
	}
	if b := closing.receive(17); len(b) != 16 {
		t.Errorf("%d bytes after the end of input", len(b))
	}
	if idle.send([]byte{1, 1}); len(idle.receive(2)) != 2 {
		t.Error("an idle connection is lost")
	}
}

// Partly sent replies go on where they stopped, byte for byte where they are
// not random.
func TestHandoverOfStuckReplies(t *testing.T) {
	d := serve(t, bestDriver, prng.Seeded, nil)
	c := d.dial()
	if err := c.c.SetReadBuffer(1); err != nil {
		t.Fatal(err)
	}
	pattern := []byte{1, 255, 0, 4, 2, 3}
	const repeats = 6000
	go c.send(bytes.Repeat(pattern, repeats))
	var stuck func(Stats) bool
	last := uint64(0)
	stuck = func(s Stats) bool { still := s.BytesOut == last && last > 0; last = s.BytesOut; return still }
	read := 0
	for range 5 {
		last = 0
		d.eventually("full sockets", stuck)
		next := d.heir(newPool(t, prng.Seeded), d.park())
		d.stop()
		d = next
		for range 1000 { // more than sockets hold, so that it is stuck anew
			expectPattern(t, c)
			read++
		}
	}
	for ; read < repeats; read++ {
		expectPattern(t, c)
	}
	if rest := c.rest(); len(rest) > 0 {
		t.Errorf("%d bytes too many", len(rest))
	}
}

func expectPattern(t *testing.T, c *client) {
	t.Helper()
	b := c.receive(256 + 4 + 5 + 3)
	if len(b) != 268 || b[0] != 255 || !bytes.Equal(b[256:260], []byte{0, 0, 32, 0}) || string(b[260:265]) != "\x044711" {
		t.Fatalf("a reply is out of step: %d bytes, %x", len(b), b)
	}
}

// Clients hammer while their connections go from server to server.
func TestHandoverUnderLoad(t *testing.T) {
	d := serve(t, bestDriver, prng.Seeded, nil)
	var clients sync.WaitGroup
	var over atomic.Bool
	for i := range 20 {
		c := d.ask()
		clients.Go(func() {
			for n := 0; !over.Load(); n++ {
				k := byte(n*7 + i)
				c.send([]byte{1, k, 0})
				c.send([]byte{2, k, 4, 3, 0, 0, 2})
				c.send([]byte{'x', 'y', 1, 0})
				b := make([]byte, 1+int(k)+4+int(k)+5+1)
				if _, err := io.ReadFull(c.c, b); err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				level, pid := b[1+int(k):][:4], b[1+2*int(k)+4:][:5]
				if b[0] != k || level[2] != 0x20 || string(pid) != "\x044711" || b[len(b)-1] != 0 {
					t.Errorf("client %d is out of step: %x", i, b)
					return
				}
			}
		})
	}
	for range 30 {
		next := d.heir(newPool(t, prng.Seeded), d.park())
		d.stop()
		d = next
		asked := d.srv.Stats().Requests[0]
		d.eventually("some work", func(s Stats) bool { return s.Requests[0] > asked+20 || t.Failed() })
	}
	over.Store(true)
	clients.Wait()
	if s := d.srv.Stats(); s.Clients != 20 || s.ShortReplies != 0 {
		t.Errorf("%+v", s)
	}
}

func TestInheritRefusesNonsense(t *testing.T) {
	log, _ := logtest.NewNullLogger()
	s := New(Config{Pool: newPool(t, prng.Seeded), Log: log})
	if err := s.Inherit([]Connection{{FD: -1}}); err == nil {
		t.Error("inherited a descriptor that is not there")
	}
	if err := s.Inherit([]Connection{{FD: -1, Expired: 1}}); err == nil {
		t.Error("inherited more expired bytes than there are")
	}
}

// Ages go over: what had 29 of its 30 seconds has one left.
func TestHandoverKeepsAges(t *testing.T) {
	now := instant(inheritable)
	a := link{place: &place{since: now - instant(time.Minute)}}
	a.session.svc = newService(1, nil)
	a.session.begun, a.session.stuck = now-instant(29*time.Second), 0
	a.session.blocked = now - instant(time.Second)
	saved := a.save(3, now)
	var b link
	b.session.svc = a.session.svc
	later := instant(5 * time.Second)
	b.load(&saved, later)
	if b.session.begun != max(1, later-instant(29*time.Second)) || b.session.blocked != later-instant(time.Second) || b.session.stuck != 0 {
		t.Errorf("%+v became %+v", saved, b.session)
	}
	if saved.Age != time.Minute {
		t.Errorf("age %v", saved.Age)
	}
}
