//go:build linux

package hostile

import (
	"time"

	"prngd/test/harness"
)

const slowpokes = 2000

// slow begins requests and does not end them. Half of its connections send a
// byte more now and then, as a client does that knows of a time limit between bytes.
func slow(a *assault) {
	var list []*harness.Conn
	for range slowpokes {
		c, err := a.dial(rascal)
		if err != nil {
			a.complain("connecting: %v", err)
			break
		}
		c.Write([]byte{3, 0, 0, 255})
		list = append(list, c)
	}
	a.count("half requests", len(list))
	go func() {
		for !a.over() {
			time.Sleep(300 * time.Millisecond)
			for i := 0; i < len(list); i += 2 {
				list[i].Write([]byte{0xaa})
			}
		}
	}()
	a.stand()
}

// slowWrong: after 30 s they are gone, and not before.
func slowWrong(s sight) []string {
	if s.Seconds < 25 {
		return unless(s.after.Clients.Timeouts == 0, "%d were closed after %.0f s", s.after.Clients.Timeouts, s.Seconds)
	}
	if s.Seconds < 35 {
		return nil
	}
	return unless(s.after.Clients.Timeouts == slowpokes, "%d of %d were closed after %.0f s", s.after.Clients.Timeouts, slowpokes, s.Seconds)
}
