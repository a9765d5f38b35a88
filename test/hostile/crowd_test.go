//go:build linux

package hostile

import "prngd/test/harness"

// crowd is three uids that take all the places they can get. Those kept for
// others are left: every newcomer gets one, and uid 0 more.
func crowd(a *assault) {
	var mine []*harness.Conn
	for i := range 3 {
		got := a.take(rascal+i, 400)
		mine = append(mine, got...)
	}
	a.count("connections", len(mine))
	a.newcomers()
	a.stand()
	a.keepsAll(mine)
}

// newcomers has 36 uids come for the first time, and uid 0 four times over. They
// must all get in.
func (a *assault) newcomers() {
	for i := range 40 {
		uid := newcomer + i
		if i >= 36 {
			uid = 0
		}
		c, err := a.dial(uid)
		if err == nil {
			_, err = c.Ask([]byte{1, 32}, 33)
			defer c.Close()
		}
		if err != nil {
			a.complain("uid %d found no place: %v", uid, err)
			return
		}
	}
}

func crowdWrong(s sight) []string {
	return append(unless(s.Load["connections"] <= 400-64+1, // the third uid's first is a newcomer's
		"they have %d places of 400: none is kept for others", s.Load["connections"]),
		unless(s.after.Clients.Refused["reserved"] > 0, "nobody was refused: the attack is none")...)
}

// addresses is one uid that comes by TCP, where it can have as many addresses
// as it likes: 127.0.0.0/8 is this host's.
func addresses(a *assault) {
	got := 0
	for i := range 2000 {
		c, err := a.dialTCP([4]byte{127, 1, byte(i >> 8), byte(i)})
		if err != nil {
			a.complain("connecting from address %d: %v", i, err)
			break
		}
		defer c.Close()
		if b, _ := c.Ask([]byte{0}, 4); len(b) < 4 {
			break // refused, or made to wait because all is full
		}
		got++
	}
	a.count("connections", got)
	a.newcomers()
	a.stand()
}

func addressesWrong(s sight) []string {
	return unless(s.Load["connections"] <= 200, "one host has %d of 400 places, expected half at most", s.Load["connections"])
}
