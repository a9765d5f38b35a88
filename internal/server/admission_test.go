package server

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/peercred"
	"prngd/internal/prng"
	"prngd/test/port"
)

// A19: write-credit that is withdrawn by a reload counts no longer for the
// connections that are open, and the other way round.
func TestWriteCreditIsJudgedAgain(t *testing.T) { eachDriver(t, testWriteCreditIsJudgedAgain) }

func testWriteCreditIsJudgedAgain(t *testing.T, serve startFunc) {
	beSomebody(t)
	var trusted atomic.Bool
	trusted.Store(true)
	d := serve(t, prng.Seeded, func(c *Config) {
		c.CreditsWrites = func(peercred.Cred) bool { return trusted.Load() }
	})
	c := d.dial()
	write := []byte{byte(egdproto.Write), 0, 8, 1, 7, byte(egdproto.Count)}
	for n := range uint64(2) {
		c.Send(write)
		if got := c.Receive(4); len(got) != 4 {
			t.Fatalf("the level is %x", got)
		}
		d.eventually("the write", func(s Stats) bool { return s.Requests[egdproto.Write] == n+1 })
		trusted.Store(false)
	}
	if s := d.srv.Stats(); s.WritesCredited != 1 || s.WritesRefused != 1 {
		t.Errorf("%+v", s)
	}
}

// A19: allow= that is withdrawn by a reload ends the connections that it let in.
func TestAllowIsJudgedAgain(t *testing.T) { eachDriver(t, testAllowIsJudgedAgain) }

func testAllowIsJudgedAgain(t *testing.T, serve startFunc) {
	var config Config
	d := serve(t, prng.Seeded, func(c *Config) { config = *c })
	log, _ := logtest.NewNullLogger()
	set := listen.NewSet(listen.Config{Log: log, Serve: d.srv.Add})
	t.Cleanup(set.Close)
	address := egdproto.Address{Network: "tcp", Host: "127.0.0.1", Port: port.For(t)}
	allow := func(network string) {
		t.Helper()
		o := listen.Options{Address: address, GID: -1, Allow: []netip.Prefix{netip.MustParsePrefix(network)}}
		c, err := set.Prepare(t.Context(), []listen.Options{o}, listen.Strict)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Commit(); err != nil {
			t.Fatal(err)
		}
		d.srv.Reconfigure(config)
	}
	allow("127.0.0.0/8")
	c, err := net.Dial("tcp", net.JoinHostPort(address.Host, strconv.Itoa(address.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	c.Write([]byte{byte(egdproto.Count)})
	if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	allow("192.0.2.0/24")
	if n, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection goes on: %d bytes, %v", n, err)
	}
}

// B4: a connection that was accepted and waits for its slot is served, though its
// listener is taken away by a reload, or closed, meanwhile.
func TestWaiterOfAListenerThatGoes(t *testing.T) {
	eachDriver(t, func(t *testing.T, serve startFunc) {
		testWaiterOfAListenerThatGoes(t, serve, false)
		testWaiterOfAListenerThatGoes(t, serve, true)
	})
}

func testWaiterOfAListenerThatGoes(t *testing.T, serve startFunc, closed bool) {
	d := serve(t, prng.Seeded, func(c *Config) { c.MaxConnections, c.PerUID = 1, 10 })
	log, _ := logtest.NewNullLogger()
	set := listen.NewSet(listen.Config{Log: log, Serve: d.srv.Add})
	t.Cleanup(set.Close)
	change := func(lines ...listen.Options) {
		t.Helper()
		c, err := set.Prepare(t.Context(), lines, listen.Strict)
		if err == nil {
			err = c.Commit()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "more")
	change(listen.Options{Address: egdproto.Address{Network: "unix", Path: path}, GID: -1, Mode: 0o600})
	first := d.ask()
	waiter, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer waiter.Close()
	waiter.SetDeadline(time.Now().Add(patience))
	waiter.Write([]byte{byte(egdproto.ReadAll), 16})
	for range 3 { // the driver has seen the waiter by then
		first.Send([]byte{byte(egdproto.Count)})
		first.Receive(4)
	}
	if closed {
		set.Close()
	} else {
		change()
	}
	first.Send([]byte{byte(egdproto.Count)}) // the driver has seen it go by then
	first.Receive(4)
	first.c.Close()
	if _, err := io.ReadFull(waiter, make([]byte, 16)); err != nil {
		t.Error(err)
	}
}

// A19: a peer that no listener at its port lets in any more is not kept, one of a
// socket that is gone is.
func TestAllowedBy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for _, c := range []struct {
		allow string
		peer  peer
		want  bool
	}{
		{"192.0.2.0/24", peer{addr: "192.0.2.7", port: port}, true},
		{"192.0.2.0/24", peer{addr: "198.51.100.7", port: port}, false},
		{"192.0.2.0/24", peer{addr: "198.51.100.7", port: port + 1}, true}, // no longer listened on
		{"192.0.2.0/24", peer{}, true},                                     // a Unix peer
	} {
		ls := []*listen.Listener{listen.NewListener(l, []netip.Prefix{netip.MustParsePrefix(c.allow)})}
		if got := c.peer.allowedBy(ls); got != c.want {
			t.Errorf("allow=%s, peer %+v: %v, expected %v", c.allow, c.peer, got, c.want)
		}
	}
}
