package server

import (
	"bytes"
	"net"
	"testing"

	"prngd/egdproto"
	"prngd/internal/listen"
	"prngd/internal/prng"
)

// A bit is missing for the first seed, and user nobody claims 65,535 for every
// write, by Unix and by TCP: the bit is still missing afterwards. Then our own
// gatherers bring it.
func TestNobodyBringsNoBit(t *testing.T) { eachDriver(t, testNobodyBringsNoBit) }

func testNobodyBringsNoBit(t *testing.T, serve startFunc) {
	const writes = 500
	d := serve(t, prng.Unseeded, func(c *Config) { c.UnseededWait = 0 })
	own := d.generator.Source(prng.Policy{Name: "own"})
	own.Add(bytes.Repeat([]byte{1}, 64), prng.FirstSeedBits-1)
	ls, err := openListeners(listen.Options{Address: egdproto.Address{Network: "tcp", Host: "127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	d.srv.Add(ls[0])
	_, addr := ls[0].Address().Dial()
	tcp, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	c := d.dial()
	for i := range writes {
		gift := append([]byte{3, 0xff, 0xff, 255}, bytes.Repeat([]byte{byte(i)}, 255)...)
		c.Send(gift)
		tcp.Write(gift)
	}
	d.eventually("all writes", func(s Stats) bool { return s.Requests[egdproto.Write] == 2*writes })
	c.Send([]byte{0, 1, 16})
	if got := c.Receive(5); !bytes.Equal(got, make([]byte, 5)) {
		t.Errorf("level and reply are %x, expected both empty", got)
	}
	if s, p := d.srv.Stats(), d.generator.Stats(); s.CreditedBits != 0 || s.WritesRefused != 2*writes || p.FirstSeedBits != prng.FirstSeedBits-1 {
		t.Errorf("%d bits at the gate, server %+v", p.FirstSeedBits, s)
	}
	own.Add(bytes.Repeat([]byte{2}, 64), 1)
	c.Send([]byte{1, 16})
	if got := c.Receive(17); len(got) != 17 {
		t.Errorf("with the last bit: %x", got)
	}
}
