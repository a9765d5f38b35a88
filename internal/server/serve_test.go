package server

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/peercred"
	"prngd/internal/prng"
	"prngd/test/port"
)

// ask makes a connection and has one request answered.
func (d *daemon) ask() *client {
	d.t.Helper()
	c := d.dial()
	c.Send([]byte{1, 16})
	if b := c.Receive(17); len(b) != 17 {
		d.t.Fatalf("got %x", b)
	}
	return c
}

func TestOwnLimitRefusesConnections(t *testing.T) { eachDriver(t, testOwnLimitRefusesConnections) }

func testOwnLimitRefusesConnections(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, func(c *Config) { c.MaxConnections, c.PerUID = 100, 3 })
	old := []*client{d.ask(), d.ask(), d.ask()}
	if c := d.dial(); !c.Closed(true) {
		t.Fatal("a fourth was let in")
	}
	for _, c := range old { // they pay nothing
		c.Send([]byte{0})
		if len(c.Receive(4)) != 4 {
			t.Fatal("an established connection was closed")
		}
	}
	old[0].c.Close()
	d.eventually("a free slot", func(s Stats) bool { return s.Clients == 2 })
	d.ask()
	if s := d.srv.Stats(); s.RefusedPerUID != 1 || s.LastRefusal.IsZero() || s.Evicted != 0 {
		t.Errorf("%+v", s)
	}
}

// When all is full, new connections wait, as they would in the backlog.
func TestFullMakesConnectionsWait(t *testing.T) { eachDriver(t, testFullMakesConnectionsWait) }

func testFullMakesConnectionsWait(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, func(c *Config) { c.MaxConnections, c.PerUID = 3, 10 })
	old := []*client{d.ask(), d.ask(), d.ask()}
	late := []*client{d.dial(), d.dial()}
	for _, c := range late {
		c.Send([]byte{1, 16})
	}
	for i, c := range late {
		old[i].c.Close()
		if b := c.Receive(17); len(b) != 17 {
			t.Fatalf("got %x", b)
		}
	}
	if s := d.srv.Stats(); s.RefusedPerUID+s.RefusedReserved != 0 {
		t.Errorf("%+v", s)
	}
}

func TestStopAnswersWhatIsComplete(t *testing.T) { eachDriver(t, testStopAnswersWhatIsComplete) }

func testStopAnswersWhatIsComplete(t *testing.T, serve startFunc) {
	d := serve(t, prng.Unseeded, nil)
	idle, asking, half, waiting := d.dial(), d.dial(), d.dial(), d.dial()
	half.Send([]byte{2})
	waiting.Send([]byte{2, 16})
	asking.Send([]byte{0})
	asking.Receive(4)
	asking.Send([]byte{0, 4})
	d.eventually("four clients", func(s Stats) bool { return s.Clients == 4 })
	d.stop()
	if b := asking.Receive(9); len(b) != 9 || !asking.Closed(true) {
		t.Errorf("got %x", b)
	}
	for _, c := range []*client{idle, half, waiting} {
		if !c.Closed(true) {
			t.Error("still open, or said something")
		}
	}
	if s := d.srv.Stats(); s.Clients != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := net.Dial("unix", d.path); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("the socket: %v", err)
	}
}

// Idle, waiting for a seed with and without the end of input, stuck in a
// write: none of them delays the end.
func TestStopWithManyClients(t *testing.T) { eachDriver(t, testStopWithManyClients) }

func testStopWithManyClients(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, nil)
	const clients = 400 // each of them two descriptors
	for i := range clients {
		switch c := d.dial(); i % 4 {
		case 0:
			c.Send([]byte{1, 1})
			c.Receive(2)
		case 1:
			c.Send([]byte{1})
		case 2:
			c.Send(bytes.Repeat([]byte{2, 255}, 1500))
		}
	}
	d.eventually("all of them", func(s Stats) bool { return s.ClientsEver == clients })
	d.generator.Hold(prng.Jumped)
	for range clients / 4 {
		c := d.dial()
		c.Send([]byte{2, 16})
		c.ShutWrite()
	}
	d.eventually("all of them", func(s Stats) bool { return s.ClientsEver == clients+clients/4 })
	start := time.Now()
	d.stop()
	t.Logf("stopped in %v", time.Since(start))
	if s := d.srv.Stats(); s.Clients != 0 {
		t.Errorf("%+v", s)
	}
}

func TestAcceptErrorsPass(t *testing.T) { eachDriver(t, testAcceptErrorsPass) }

func testAcceptErrorsPass(t *testing.T, serve startFunc) {
	d := serve(t, prng.Seeded, nil)
	before := d.ask()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	late := d.socket()
	none := was
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Skip(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was)
	late()
	d.eventually("an error", func(s Stats) bool { return s.AcceptErrors > 0 })
	before.Send([]byte{0})
	if len(before.Receive(4)) != 4 {
		t.Error("an old connection suffers")
	}
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was)
	d.eventually("its turn", func(s Stats) bool { return s.ClientsEver == 2 })
	if n := len(d.log.AllEntries()); n != 1 {
		t.Errorf("%d log lines", n)
	}
}

// socket makes a socket now, to be connected later by what it returns.
func (d *daemon) socket() func() {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { syscall.Close(fd) })
	return func() {
		if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: d.path}); err != nil {
			d.t.Fatal(err)
		}
	}
}

func TestTCP(t *testing.T) { eachDriver(t, testTCP) }

func testTCP(t *testing.T, serve startFunc) {
	ls, err := openListeners(listen.Options{Address: egdproto.Address{Network: "tcp", Host: "localhost", Port: port.For(t)}})
	if err != nil {
		t.Skip(err)
	}
	d := serve(t, prng.Seeded, nil)
	for _, l := range ls {
		d.srv.Add(l)
		_, addr := l.Address().Dial()
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(patience))
		client := egdproto.NewClient(c)
		if bits, err := client.Level(); bits != 8192 || err != nil {
			t.Errorf("%s: level %d, %v", addr, bits, err)
		}
		if _, err := client.Read(make([]byte, 1000)); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
		if pid, err := client.PID(); pid != "4711" || err != nil {
			t.Errorf("%s: pid %q, %v", addr, pid, err)
		}
		c.Close()
	}
	if len(ls) == 2 && ls[0].Address().Port != ls[1].Address().Port {
		t.Errorf("two ports: %v and %v", ls[0].Address(), ls[1].Address())
	}
}

func TestTCPPeerNotAllowed(t *testing.T) { eachDriver(t, testTCPPeerNotAllowed) }

func testTCPPeerNotAllowed(t *testing.T, serve startFunc) {
	ls, err := openListeners(listen.Options{
		Address: egdproto.Address{Network: "tcp", Host: "127.0.0.1"},
		Allow:   []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	})
	if err != nil {
		t.Skip(err)
	}
	d := serve(t, prng.Seeded, nil)
	d.srv.Add(ls[0])
	_, addr := ls[0].Address().Dial()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("let in")
	}
	d.eventually("the count", func(s Stats) bool { return s.RefusedAddress == 1 })
	if at := d.srv.Stats().LastRefusal; !at.IsZero() {
		t.Errorf("last refusal at %v: any host could keep health degraded", at)
	}
}

// Writes of TCP peers are never credited: there are no credentials to look at.
func TestTCPWritesAreNotCredited(t *testing.T) { eachDriver(t, testTCPWritesAreNotCredited) }

func testTCPWritesAreNotCredited(t *testing.T, serve startFunc) {
	ls, err := openListeners(listen.Options{Address: egdproto.Address{Network: "tcp", Host: "127.0.0.1"}})
	if err != nil {
		t.Skip(err)
	}
	d := serve(t, prng.Seeded, nil)
	yes := func(peercred.Cred) bool { return true }
	d.srv.Reconfigure(Config{CreditsWrites: yes, Alone: yes})
	d.srv.Add(ls[0])
	_, addr := ls[0].Address().Dial()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := egdproto.NewClient(c).Write(8, []byte{1}); err != nil {
		t.Fatal(err)
	}
	d.eventually("the write", func(s Stats) bool { return s.WritesRefused == 1 })
}
