//go:build linux

package hostile

import (
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"prngd/test/harness"
)

const idleHalves = 300

// halves leaves TCP connections in every odd state: in the middle of a request,
// half closed in it, and reset with replies under way.
func halves(a *assault) {
	here := [4]byte{127, 0, 0, 1}
	for range idleHalves {
		c, err := a.dialTCP(here)
		if err != nil {
			a.complain("connecting: %v", err)
			break
		}
		c.Write([]byte{2})
		defer c.Close()
	}
	a.count("in the middle of a request", idleHalves)
	a.rage(4, "half closed or reset/s", func(i int) int {
		time.Sleep(time.Millisecond)
		from := [4]byte{127, byte(i), byte(1 + rand.IntN(250)), 1} // an address has ports for a few seconds of this
		c, err := a.dialTCP(from)
		if err != nil {
			a.complain("connecting: %v", err)
			return 0
		}
		defer c.Close()
		if i%2 == 0 {
			c.SetDeadline(time.Now().Add(harness.Patience))
			c.Write([]byte{0, 2})
			c.CloseWrite()
			if b, _ := c.Take(5); len(b) != 4 {
				a.complain("half closed in its second request: %d bytes, expected the 4 of the first", len(b))
			}
			return 1
		}
		c.Write([]byte{2, 255, 2, 255, 2})
		unix.SetsockoptLinger(c.FD, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		return 1
	})
}

func halvesWrong(s sight) []string {
	return unless(s.after.Clients.Partial > s.before.Clients.Partial, "none was counted as left inside a request")
}

// leavers begin a request and go, as many as they can.
func leavers(a *assault) {
	a.rage(20, "connections/s", func(int) int {
		c, err := a.dial(rascal)
		if err != nil {
			return 0
		}
		c.Write([]byte{2})
		c.Close()
		return 1
	})
}

// leaversWrong: clients that have gone leave nothing behind.
func leaversWrong(s sight) []string {
	return unless(s.after.rss-s.before.rss < 16<<10, "%d KiB more, after %d clients have gone", s.after.rss-s.before.rss, s.after.Clients.Partial)
}
