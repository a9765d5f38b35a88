//go:build linux

package hostile

import (
	"bytes"
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/control"
	"prngd/test/harness"
)

// admins attacks the control socket, where its mode lets everybody in: lines that never end, requests a byte at a time,
// connections that say nothing, requests as fast as they are answered, and orders. Meanwhile uid 0 wants to know how it
// goes.
func admins(a *assault) {
	for _, verb := range []string{control.Reseed, control.Save, control.Reload, control.Upgrade} {
		a.atControl(rascal, func(c net.Conn) {
			if answer := a.order(c, verb); !bytes.Contains(answer, []byte(`"denied":true`)) {
				a.complain("to a stranger's %s the daemon says %q", verb, answer)
			}
		})
	}
	huge := bytes.Repeat([]byte("status "), 10000)
	for i, say := range []func(net.Conn){
		func(c net.Conn) { c.Write(huge) },
		func(c net.Conn) { a.trickle(c, []byte("status\n")) },
		func(c net.Conn) { c.Read(make([]byte, 1)) },
		func(c net.Conn) { harness.Ask(c, []byte("status\n"), 1<<20) },
		func(c net.Conn) { a.order(c, control.Upgrade) },
	} {
		for range 50 {
			go func() {
				for a.Err() == nil {
					a.atControl(rascal+i, say)
				}
			}()
		}
	}
	worst := time.Duration(0)
	a.rage(1, "times uid 0 was told the status", func(int) int {
		begun := time.Now()
		if _, err := a.Ask(control.Status); err != nil {
			a.complain("uid 0 asks for the status: %v", err)
		}
		worst = max(worst, time.Since(begun))
		time.Sleep(20 * time.Millisecond)
		return 1
	})
	a.count("ms the longest", int(worst.Milliseconds()))
}

// atControl makes one attempt.
func (a *assault) atControl(uid int, say func(net.Conn)) {
	c, err := harness.DialAs(a.Control, uid)
	if err != nil {
		a.complain("connecting to the control socket: %v", err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(harness.Patience))
	say(c)
	a.count("attempts/s", 1)
}

// order is an admin's alone to give: it is refused, if only because too many ask.
func (a *assault) order(c net.Conn, verb string) []byte {
	answer, _ := harness.Ask(c, []byte(verb+"\n"), 1<<20)
	if len(answer) > 0 && !bytes.Contains(answer, []byte(`"error"`)) {
		a.complain("a stranger's %s was obeyed: %s", verb, answer)
	}
	return answer
}

func (a *assault) trickle(c net.Conn, text []byte) {
	for i := range text {
		if _, err := c.Write(text[i : i+1]); err != nil || a.Err() != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func adminsWrong(s *sight) {
	s.unless(s.grown() < 16<<10, "%d KiB more", s.grown())
	s.unless(s.after.Process.Upgrades == 0, "a stranger had the daemon upgraded")
}

// locked asks at the control socket with the mode it has by itself.
func locked(a *assault) {
	a.rage(20, "refused/s", func(int) int {
		c, err := harness.DialAs(a.Control, rascal)
		if !errors.Is(err, unix.EACCES) {
			a.complain("connecting to the control socket: %v, expected %v", err, unix.EACCES)
		}
		if err == nil {
			c.Close()
		}
		return 1
	})
}
