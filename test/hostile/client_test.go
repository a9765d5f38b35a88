//go:build linux

package hostile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"prngd/test/harness"
)

const (
	pace      = 8 * time.Millisecond // between two requests of one manner: 125 a second, 500 in all
	lateAfter = 10 * time.Second     // when Postfix gives up
	goal      = 10 * time.Millisecond
)

// manner is how a well-behaved program uses the daemon.
type manner struct {
	fresh   bool // a new connection for each request
	request []byte
	reply   int
	atOnce  bool // reads once and takes what that brings
	uid     func(turn int) int
}

// manners are Postfix's and QEMU's, on a connection kept and on new ones. A kept one is there before the attack begins;
// each new one is another user's, that has no connection yet.
var manners = []manner{
	{false, []byte{1, 32}, 33, true, func(int) int { return keeper }},
	{false, []byte{2, 255}, 255, false, func(int) int { return keeper + 1 }},
	{true, []byte{1, 32}, 33, true, func(turn int) int { return comer + 2*turn }},
	{true, []byte{2, 255}, 255, false, func(turn int) int { return comer + 2*turn + 1 }},
}

// tally is what a client saw.
type tally struct {
	Took     []time.Duration
	Nap      time.Duration // what the client's sleeps were too long at most: so late the machine itself is
	Failures map[string]int
}

// late is how many answers Postfix would not have waited for, if the machine were quiet.
func (t tally) late() (n int) {
	for _, d := range t.Took {
		if d > lateAfter+10*t.Nap {
			n++
		}
	}
	return n
}

// behave uses the daemon for a while, from when begin returns.
func (t target) behave(how time.Duration, begin func()) tally {
	sum := tally{Failures: map[string]int{}}
	users := make([]*user, len(manners))
	for i, m := range manners {
		users[i] = &user{manner: m, target: t}
		if why := users[i].once(); why != "" {
			sum.Failures[why+" before the attack"]++
		}
	}
	begin()
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, u := range users {
		all.Go(func() {
			next := time.Now().Add(pace * time.Duration(i) / time.Duration(len(manners)))
			for end := next.Add(how); next.Before(end); next = next.Add(pace) {
				time.Sleep(time.Until(next))
				asked := time.Now()
				why := u.once()
				mu.Lock()
				sum.Nap = max(sum.Nap, asked.Sub(next))
				if sum.Took = append(sum.Took, time.Since(asked)); why != "" {
					sum.Failures[why]++
				}
				mu.Unlock()
				next = later(next, time.Now().Add(-pace)) // what could not be asked in time is not asked
			}
		})
	}
	all.Wait()
	return sum
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// user is one manner at work.
type user struct {
	manner
	target
	conn *harness.Conn
	turn int
}

// once makes one request and says in a word what was wrong with the answer.
func (u *user) once() (why string) {
	u.turn++
	if u.conn == nil {
		c, err := u.dial(u.uid(u.turn))
		if err != nil {
			return "no connection"
		}
		u.conn = c
	}
	why = u.look(u.answer())
	if why != "" || u.fresh {
		u.conn.Close()
		u.conn = nil
	}
	return why
}

func (u *user) answer() ([]byte, error) {
	if !u.atOnce {
		return u.conn.Ask(u.request, u.reply)
	}
	u.conn.SetDeadline(time.Now().Add(harness.Patience))
	if _, err := u.conn.Write(u.request); err != nil {
		return nil, err
	}
	b := make([]byte, u.reply+1)
	n, err := u.conn.Read(b)
	return b[:n], err
}

func (u *user) look(b []byte, err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "late"
	case len(b) == 0 && u.fresh:
		return "refused"
	case len(b) == 0:
		return "closed"
	case err != nil && !errors.Is(err, io.EOF):
		return "broken"
	case u.request[0] == 1 && b[0] == 0:
		return "empty"
	case len(b) < u.reply:
		return "short"
	case len(b) > u.reply || u.request[0] == 1 && b[0] != u.request[1]:
		return "wrong"
	}
	return ""
}

// at returns the time that this share of the requests took at most.
func (t tally) at(share float64) time.Duration {
	if len(t.Took) == 0 {
		return 0
	}
	return t.Took[min(int(share*float64(len(t.Took))), len(t.Took)-1)]
}

func (t tally) failures() string {
	var list []string
	for why, n := range t.Failures {
		list = append(list, fmt.Sprintf("%d %s", n, why))
	}
	if len(list) == 0 {
		return "none"
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
