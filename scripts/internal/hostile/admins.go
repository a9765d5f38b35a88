//go:build linux

package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"prngd/control"
)

// admins attacks the control socket, where its mode lets everybody in: lines
// that never end, requests a byte at a time, connections that say nothing,
// requests as fast as they are answered, and orders. Meanwhile uid 0 wants to
// know how it goes.
func admins(a *assault) {
	huge := bytes.Repeat([]byte("status "), 10000)
	for i, say := range []func(*conn){
		func(c *conn) { c.Write(huge) },
		func(c *conn) { a.trickle(c, []byte("status\n")) },
		func(c *conn) { c.take(1) },
		func(c *conn) { c.ask([]byte("status\n"), 1<<20) },
		a.order,
	} {
		for range 50 {
			go func() {
				for !a.over() {
					a.knock(rascal+i, say)
				}
			}()
		}
	}
	worst := time.Duration(0)
	a.rage(1, "times uid 0 was told the status", func(int) int {
		begun := time.Now()
		if _, err := a.status(); err != nil {
			a.complain("uid 0 asks for the status: %v", err)
		}
		worst = max(worst, time.Since(begun))
		time.Sleep(20 * time.Millisecond)
		return 1
	})
	a.count("ms the longest", int(worst.Milliseconds()))
}

// order asks for what is an admin's alone.
func (a *assault) order(c *conn) {
	verbs := []string{control.Reseed, control.Save, control.Reload, control.Upgrade}
	answer, _ := c.ask([]byte(verbs[rand.IntN(len(verbs))]+"\n"), 1<<20)
	if len(answer) > 0 && !bytes.Contains(answer, []byte(`"error"`)) {
		a.complain("a stranger's order was obeyed: %s", answer)
	}
	if bytes.Contains(answer, []byte(`"denied":true`)) {
		a.count("orders denied/s", 1)
	}
}

// locked knocks at the control socket with the mode it has by itself.
func locked(a *assault) {
	a.rage(20, "refused/s", func(int) int {
		c, err := dialPath(a.control, rascal)
		if !errors.Is(err, unix.EACCES) {
			a.complain("connecting to the control socket: %v, expected %v", err, unix.EACCES)
			if err == nil {
				c.Close()
			}
		}
		return 1
	})
}

func (a *assault) knock(uid int, say func(*conn)) {
	c, err := dialPath(a.control, uid)
	if err != nil {
		time.Sleep(time.Millisecond)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(lateAfter))
	say(c)
	a.count("attempts/s", 1)
}

func (a *assault) trickle(c *conn, text []byte) {
	for i := range text {
		if _, err := c.Write(text[i : i+1]); err != nil || a.over() {
			return
		}
		time.Sleep(time.Second)
	}
}

func adminsWrong(s sight) []string {
	return append(unless(s.after.rss-s.before.rss < 16<<10, "%d KiB more", s.after.rss-s.before.rss),
		unless(s.after.Process.Upgrades == 0 && s.Load["orders denied/s"] > 0, "%d orders were denied and %d upgrades done, expected some and none",
			s.Load["orders denied/s"], s.after.Process.Upgrades)...)
}
