//go:build linux

package main

import (
	"bytes"
	"time"
)

// admins attacks the control socket, where its mode lets everybody in: lines
// that never end, requests a byte at a time, connections that say nothing, and
// requests as fast as they are answered. Meanwhile uid 0 wants to know how it
// goes.
func admins(a *assault) {
	huge := bytes.Repeat([]byte("status "), 10000)
	for i, say := range []func(*conn){
		func(c *conn) { c.Write(huge) },
		func(c *conn) { a.trickle(c, []byte("status\n")) },
		func(c *conn) { c.take(1) },
		func(c *conn) { c.ask([]byte("status\n"), 1<<20) },
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
	return unless(s.after.rss-s.before.rss < 8<<10, "%d KiB more", s.after.rss-s.before.rss)
}
