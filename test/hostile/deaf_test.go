//go:build linux

package hostile

import (
	"bytes"
	"time"

	"prngd/test/harness"
)

const (
	deafOnes = 500
	// deafBytes is what may wait for one of them: the 64 KiB that its socket
	// holds, and a step that was let in with the last free byte.
	deafBytes = 64<<10 + 8<<10
)

// deaf asks for 10 MB on each connection and reads nothing.
func deaf(a *assault) {
	requests := bytes.Repeat([]byte{2, 255}, 40000)
	var list []*harness.Conn
	for range deafOnes {
		c, err := a.dial(rascal)
		if err != nil {
			a.complain("connecting: %v", err)
			break
		}
		list = append(list, c)
		go func() {
			for !a.over() {
				if _, err := c.Write(requests); err != nil {
					return
				}
			}
		}()
	}
	a.count("deaf", len(list))
	settle(list)
	worst := 0
	for _, c := range list {
		worst = max(worst, c.Waiting())
	}
	a.count("bytes wait for the worst", worst)
	if worst > deafBytes {
		a.complain("%d bytes wait for one that does not read, expected %d at most", worst, deafBytes)
	}
	a.stand()
}

// settle waits until something lies in the sockets, and grows no more.
func settle(list []*harness.Conn) {
	for was := -1; ; {
		time.Sleep(100 * time.Millisecond)
		is := 0
		for _, c := range list {
			is += c.Waiting()
		}
		if is == was && is > 0 {
			return
		}
		was = is
	}
}

// deafWrong: they cost memory within bounds, no processor, and end after 30 s.
func deafWrong(s sight) (wrong []string) {
	wrong = unless(s.after.rss-s.before.rss < deafOnes*64, "%d KiB more for %d of them, expected 64 each at most", s.after.rss-s.before.rss, deafOnes)
	if s.Seconds > 35 {
		wrong = append(wrong, unless(s.after.Clients.Timeouts == deafOnes, "%d of %d were closed after %.0f s", s.after.Clients.Timeouts, deafOnes, s.Seconds)...)
	}
	return wrong
}
