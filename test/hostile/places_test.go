//go:build linux

package hostile

import (
	"net"
	"runtime"
	"time"

	"prngd/test/harness"
)

// Attacks that take the places of others.

// hoard is one uid that takes all the connections it can get, has each answered once, and keeps connecting. What it
// has it must keep.
func hoard(a *assault) {
	mine := a.connect(400, a.as(rascal), answered)
	a.count("connections", len(mine))
	besiege(1, harness.Kind{Name: "more tries/s", N: 1, Fresh: true, Pause: harness.Every(time.Millisecond),
		Turn: func(_ *harness.Client, c net.Conn) error { answered(c); return nil }})(a)
	a.keepsAll(mine)
}

// keepsAll: a connection that has completed a command is never closed to make room.
func (a *assault) keepsAll(mine []net.Conn) {
	for _, c := range mine {
		if !answered(c) {
			a.complain("an established connection was closed")
			return
		}
	}
}

func hoardWrong(s *sight) {
	s.unless(s.Load["connections"] >= 4, "one uid could have %d connections where there are 64 descriptors", s.Load["connections"])
	s.unless(s.after.Clients.Refused["uid"] > 0, "nobody was refused: the attack is none")
}

func capWrong(s *sight) {
	s.unless(s.Load["connections"] == 200, "one uid has %d of 400 places, expected half", s.Load["connections"])
	s.unless(s.after.Clients.Refused["uid"] > 0, "nobody was refused: the attack is none")
}

// crowd is three uids that take all the places they can get. Those kept for others are left: every newcomer gets one,
// and uid 0 more.
func crowd(a *assault) {
	var mine []net.Conn
	for i := range 3 {
		mine = append(mine, a.connect(400, a.as(rascal+i), answered)...)
	}
	a.count("connections", len(mine))
	a.newcomers()
	a.stand()
	a.keepsAll(mine)
}

// newcomers has 36 uids come for the first time, and uid 0 four times over. They must all get in.
func (a *assault) newcomers() {
	list := a.connect(40, func(i int) (net.Conn, error) {
		if i >= 36 {
			return harness.DialAs(a.Socket, 0)
		}
		return harness.DialAs(a.Socket, newcomer+i)
	}, func(c net.Conn) bool {
		b, _ := harness.Ask(c, []byte{1, 32}, 33)
		return len(b) == 33
	})
	if len(list) < 40 {
		a.complain("newcomer %d found no place", len(list))
	}
	for _, c := range list {
		c.Close()
	}
}

func crowdWrong(s *sight) {
	// The third uid's first is a newcomer's.
	s.unless(s.Load["connections"] <= 400-64+1, "they have %d places of 400: none is kept for others", s.Load["connections"])
	s.unless(s.after.Clients.Refused["reserved"] > 0, "nobody was refused: the attack is none")
}

// addresses is one uid that comes by TCP, where it can have as many addresses as it likes: 127.0.0.0/8 is this host's.
func addresses(a *assault) {
	got := a.connect(2000, a.from(func(i int) net.IP { return net.IPv4(127, 1, byte(i>>8), byte(i)) }), answered)
	a.count("connections", len(got))
	a.newcomers()
	a.stand()
	runtime.KeepAlive(got)
}

func addressesWrong(s *sight) {
	s.unless(s.Load["connections"] <= 200, "one host has %d of 400 places, expected half at most", s.Load["connections"])
}
