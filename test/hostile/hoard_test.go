//go:build linux

package hostile

import (
	"time"

	"prngd/test/harness"
)

// hoard is one uid that takes all the connections it can get, has each answered
// once, and keeps connecting. What it has it must keep.
func hoard(a *assault) {
	mine := a.take(rascal, 400)
	a.count("connections", len(mine))
	a.rage(1, "refused/s", func(int) int {
		time.Sleep(time.Millisecond)
		c, err := a.dial(rascal)
		if err != nil {
			return 0
		}
		defer c.Close()
		if b, _ := c.Ask([]byte{0}, 4); len(b) > 0 {
			return 0
		}
		return 1
	})
	a.keepsAll(mine)
}

// take takes places as uid, at most n, until one is refused.
func (a *assault) take(uid, n int) (mine []*harness.Conn) {
	for len(mine) < n {
		c, err := a.dial(uid)
		if err != nil {
			return mine
		}
		if b, _ := c.Ask([]byte{0}, 4); len(b) < 4 {
			c.Close()
			return mine
		}
		mine = append(mine, c)
	}
	return mine
}

// keepsAll: a connection that has completed a command is never closed to make room.
func (a *assault) keepsAll(mine []*harness.Conn) {
	for _, c := range mine {
		if b, err := c.Ask([]byte{0}, 4); len(b) < 4 {
			a.complain("an established connection was closed: %v", err)
			return
		}
	}
}

func hoardWrong(s sight) []string {
	return append(unless(s.Load["connections"] >= 4, "one uid could have %d connections where there are 64 descriptors", s.Load["connections"]),
		unless(s.after.Clients.Refused["uid"] > 0, "nobody was refused: the attack is none")...)
}

func capWrong(s sight) []string {
	return append(unless(s.Load["connections"] == 200, "one uid has %d of 400 places, expected half", s.Load["connections"]),
		unless(s.after.Clients.Refused["uid"] > 0, "nobody was refused: the attack is none")...)
}
