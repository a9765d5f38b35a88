package server

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/prng"
)

// allow= decides by the address of the peer, whichever of its two forms it has. On
// Linux a test may connect from all of 127.0.0.0/8.
func TestTCPAllow(t *testing.T) { eachDriver(t, testTCPAllow) }

func testTCPAllow(t *testing.T, serve startFunc) {
	for _, c := range []struct {
		host, allow, in, out string
	}{
		{"0.0.0.0", "127.0.0.2/32", "127.0.0.2", "127.0.0.3"},
		{"0.0.0.0", "127.1.0.0/16,127.2.0.0/16", "127.2.255.255", "127.3.0.0"},
		{"0.0.0.0", "0.0.0.0/0", "127.0.0.2", ""},
		{"127.0.0.1", "10.0.0.0/8", "", "127.0.0.1"},
		{"127.0.0.1", "", "127.9.9.9", ""},
		{"::", "127.0.0.2/32", "127.0.0.2", "127.0.0.3"}, // comes as ::ffff:127.0.0.2
		{"::", "127.0.0.2/32", "127.0.0.2", "::1"},
		{"::", "::1/128", "::1", "127.0.0.1"},
		{"::", "::/0", "::1", "127.0.0.1"}, // all of IPv6 is none of IPv4
	} {
		t.Run(c.host+" "+c.allow, func(t *testing.T) {
			ls, err := openListeners(listen.Options{Address: egdproto.Address{Network: "tcp", Host: c.host}, Allow: prefixes(t, c.allow)})
			if err != nil {
				t.Skip(err) // no IPv6 here
			}
			d := serve(t, prng.Seeded, nil)
			d.srv.Add(ls[0])
			if c.in != "" && !answered(t, c.in, ls[0]) {
				t.Errorf("%s is not let in", c.in)
			}
			if c.out != "" && answered(t, c.out, ls[0]) {
				t.Errorf("%s is let in", c.out)
			}
			if c.out == "" {
				return
			}
			d.eventually("the refusal", func(s Stats) bool { return s.RefusedAddress == 1 })
			d.stop()
			d.eventually("the line", func(Stats) bool { return len(d.log.AllEntries()) > 0 })
			if e := d.log.LastEntry(); !strings.Contains(e.Message, "not allowed") || e.Data["peer"] != c.out {
				t.Errorf("logged %q of %v", e.Message, e.Data)
			}
		})
	}
}

func prefixes(t *testing.T, list string) (all []netip.Prefix) {
	for s := range strings.SplitSeq(list, ",") {
		if s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// answered reports whether a peer that connects from this address is answered.
func answered(t *testing.T, from string, l *listen.Listener) bool {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	to := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.Address().Port}
	if strings.Contains(from, ":") {
		to.IP = net.IPv6loopback
	}
	conn, err := dialer.Dial("tcp", to.String())
	if err != nil {
		t.Skip(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	conn.Write([]byte{0})
	n, err := io.ReadFull(conn, make([]byte, 4))
	return n == 4 && err == nil
}
