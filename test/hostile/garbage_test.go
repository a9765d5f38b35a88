//go:build linux

package hostile

import (
	"math/rand/v2"
	"time"
)

// garbage sends random bytes until it is cut off. What of them is a request
// gets its answer, which it reads now and then.
func garbage(a *assault) {
	a.rage(50, "KiB/s", func(i int) (sent int) {
		r := rand.New(rand.NewPCG(uint64(i), uint64(time.Now().UnixNano())))
		c, err := a.dial(rascal)
		if err != nil {
			return 0
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Second))
		b := make([]byte, 1024)
		for !a.over() {
			for i := range b {
				b[i] = byte(r.Uint32())
				if i%16 == 0 {
					b[i] %= 5 // else the first byte ends it
				}
			}
			if _, err := c.Write(b); err != nil {
				return sent
			}
			sent++
			c.Read(b)
		}
		return sent
	})
}

// unknown sends nothing but unknown commands, each on a connection of its own.
func unknown(a *assault) {
	a.rage(20, "connections/s", func(i int) int {
		c, err := a.dial(rascal)
		if err != nil {
			return 0
		}
		defer c.Close()
		if b, _ := c.Ask([]byte{byte(5 + i)}, 1); len(b) > 0 {
			a.complain("command %d was answered", 5+i)
		}
		return 1
	})
}

func unknownWrong(s sight) []string {
	return unless(s.after.Clients.Unknown > s.before.Clients.Unknown, "no unknown command was counted: the attack is none")
}
