package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/internal/prng"
	"prngd/internal/session"
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

// heir makes a server with this generator that inherits cs, and serves.
func (d *daemon) heir(generator *prng.Generator, cs []Connection) *daemon {
	d.t.Helper()
	log, hook := logtest.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	next := &daemon{t: d.t, generator: generator, log: hook, path: d.path}
	next.srv = New(Config{Generator: generator, Log: log, PID: 4711, UnseededWait: maxUnseededWait})
	if err := next.srv.Inherit(cs); err != nil {
		d.t.Fatal(err)
	}
	next.start(nil)
	return next
}

// Nothing happens to a parked connection, and everything after Resume.
func TestResume(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
	c := d.ask()
	for range 3 {
		if _, err := d.srv.Park(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := d.srv.Park(context.Background()); !errors.Is(err, errParked) {
			t.Fatalf("parked twice: %v", err)
		}
		before := d.srv.Stats()
		c.Send([]byte{1, 16})
		late := d.dial()
		late.Send([]byte{0})
		d.generator.Hold(prng.Jumped)
		d.generator.Release(d.generator.Ticket())
		if got := c.Rest(); len(got) > 0 || d.srv.Stats() != before {
			t.Fatalf("parked, it says %x", got)
		}
		d.srv.Resume()
		if a, b := c.Receive(17), late.Receive(4); len(a) != 17 || len(b) != 4 {
			t.Fatalf("%d and %d bytes", len(a), len(b))
		}
	}
}

func TestParkEndsWithItsContext(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
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
	d := serve(t, systemDriver, prng.Seeded, nil)
	d.stop()
	if _, err := d.srv.Park(context.Background()); !errors.Is(err, errNotServing) {
		t.Errorf("stopped: %v", err)
	}
	log, _ := logtest.NewNullLogger()
	if _, err := New(Config{Generator: d.generator, Log: log}).Park(context.Background()); !errors.Is(err, errNotServing) {
		t.Errorf("not started: %v", err)
	}
}

// A parked server that is stopped closes its copies without a word: the
// connections are another's by now.
func TestStopWhileParked(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
	c := d.ask()
	d.park() // and never closed
	c.Send([]byte{1, 16})
	d.stop()
	if got := c.Rest(); len(got) > 0 {
		t.Errorf("it said %x", got)
	}
}

// Every state a connection can be in goes over, and no byte of a stream is lost.
func TestHandoverStates(t *testing.T) {
	d := serve(t, systemDriver, prng.Unseeded, nil)
	idle, half, gift, blocked, closing := d.dial(), d.dial(), d.dial(), d.dial(), d.dial()
	for _, c := range []*client{idle, half, gift, blocked, closing} {
		c.Send([]byte{0})
		if b := c.Receive(4); !bytes.Equal(b, make([]byte, 4)) {
			t.Fatalf("level %x", b)
		}
	}
	half.Send([]byte{4, 1})
	gift.Send([]byte{4, 3, 0, 8, 5, 'h', 'a'})
	blocked.Send([]byte{4, 2, 200, 1, 7, 0, 2})
	closing.Send([]byte{4, 2, 16})
	closing.ShutWrite()
	for _, c := range []*client{half, gift, blocked, closing} {
		if b := c.Receive(5); string(b) != "\x044711" {
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
	next := d.heir(newGenerator(t, prng.Unseeded), cs)
	d.stop()
	next.eventually("five clients", func(s Stats) bool { return s.Clients == 5 })
	half.Send([]byte{9})
	gift.Send([]byte{'l', 'l', 'o', 0})
	if b := gift.Receive(4); len(b) != 4 {
		t.Fatalf("%d bytes after a write", len(b))
	}
	next.eventually("the write", func(s Stats) bool { return s.Requests[3] == 1 })
	seed(next.generator)
	if b := half.Receive(10); len(b) != 10 || b[0] != 9 {
		t.Errorf("half a request gave %x", b)
	}
	blocked.Send([]byte{3})
	if b := blocked.Receive(215); len(b) != 215 || b[200] != 7 || !bytes.Equal(b[208:212], []byte{0, 0, 32, 0}) {
		t.Errorf("blocked requests gave %x", b)
	}
	if b := closing.Receive(17); len(b) != 16 {
		t.Errorf("%d bytes after the end of input", len(b))
	}
	if idle.Send([]byte{1, 1}); len(idle.Receive(2)) != 2 {
		t.Error("an idle connection is lost")
	}
}

// Partly sent replies go on where they stopped, byte for byte where they are
// not random.
func TestHandoverOfStuckReplies(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
	c := d.dial()
	if err := c.c.SetReadBuffer(1); err != nil {
		t.Fatal(err)
	}
	pattern := []byte{1, 255, 0, 4, 2, 3}
	const repeats = 6000
	go c.Send(bytes.Repeat(pattern, repeats))
	var stuck func(Stats) bool
	last := uint64(0)
	stuck = func(s Stats) bool { still := s.BytesOut == last && last > 0; last = s.BytesOut; return still }
	read := 0
	for range 5 {
		last = 0
		d.eventually("full sockets", stuck)
		next := d.heir(newGenerator(t, prng.Seeded), d.park())
		d.stop()
		d = next
		for range 1000 { // more than sockets hold, so that it is stuck again
			expectPattern(t, c)
			read++
		}
	}
	for ; read < repeats; read++ {
		expectPattern(t, c)
	}
	if rest := c.Rest(); len(rest) > 0 {
		t.Errorf("%d bytes too many", len(rest))
	}
}

func expectPattern(t *testing.T, c *client) {
	t.Helper()
	b := c.Receive(256 + 4 + 5 + 3)
	if len(b) != 268 || b[0] != 255 || !bytes.Equal(b[256:260], []byte{0, 0, 32, 0}) || string(b[260:265]) != "\x044711" {
		t.Fatalf("a reply is out of step: %d bytes, %x", len(b), b)
	}
}

// Clients hammer while their connections go from server to server.
func TestHandoverUnderLoad(t *testing.T) {
	d := serve(t, systemDriver, prng.Seeded, nil)
	var clients sync.WaitGroup
	var over atomic.Bool
	for i := range 20 {
		c := d.ask()
		clients.Go(func() {
			for n := 0; !over.Load(); n++ {
				k := byte(n*7 + i)
				c.Send([]byte{1, k, 0})
				c.Send([]byte{2, k, 4, 3, 0, 0, 2})
				c.Send([]byte{'x', 'y', 1, 0})
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
		next := d.heir(newGenerator(t, prng.Seeded), d.park())
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
	s := New(Config{Generator: newGenerator(t, prng.Seeded), Log: log})
	if err := s.Inherit([]Connection{{FD: -1}}); err == nil {
		t.Error("inherited a descriptor that is not there")
	}
	if err := s.Inherit([]Connection{{FD: -1, State: session.State{Expired: 1}}}); err == nil {
		t.Error("inherited more expired bytes than there are")
	}
}

// The age of a connection goes over.
func TestHandoverKeepsAge(t *testing.T) {
	now := session.Instant(oldestInherited)
	a := connBase{slot: &slot{since: now - session.Instant(time.Minute)}}
	a.session.Init(session.NewService(1, nil, nil), new(session.Tally))
	if saved := a.save(3, now); saved.Age != time.Minute {
		t.Errorf("age %v", saved.Age)
	}
}

// A document of an earlier program is read.
func TestConnectionDocument(t *testing.T) {
	const document = `{"FD":3,"Queue":"AhA=","Skip":1,"Expired":2,"Begun":3,"Blocked":4,"Stuck":-1,"Completed":true,"EOF":true,` +
		`"UID":5,"GID":6,"PID":7,"Addr":"192.0.2.1","Port":8,"Age":9}`
	want := Connection{
		FD: 3,
		State: session.State{
			Queue: []byte{2, 16}, Skip: 1, Expired: 2, Begun: 3, Blocked: 4, Stuck: -1, Completed: true, EOF: true,
		},
		UID: 5, GID: 6, PID: 7, Addr: "192.0.2.1", Port: 8, Age: 9,
	}
	var c Connection
	if err := json.Unmarshal([]byte(document), &c); err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, %v; expected %+v", c, err, want)
	}
	if text, err := json.Marshal(want); err != nil || string(text) != document {
		t.Errorf("got %s, %v; expected %s", text, err, document)
	}
}
