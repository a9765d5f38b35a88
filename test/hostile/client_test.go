//go:build linux

package hostile

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"prngd/test/harness"
)

const (
	pace      = 8 * time.Millisecond // between two requests of one manner: 125 a second, 500 in all
	lateAfter = 10 * time.Second     // when Postfix gives up
)

// manner is how a well-behaved program uses the daemon.
type manner struct {
	name      string
	fresh     bool // a new connection for each request
	request   []byte
	reply     int
	least     int // bytes that must come at first; Postfix reads once and takes what that brings
	uid, step int // of the first turn, and how much more in each turn
}

// manners are Postfix's and QEMU's, on a connection kept and on new ones. A kept one is there before the attack begins;
// each new one is another user's, that has no connection yet.
var manners = []manner{
	{"Postfix", false, []byte{1, 32}, 33, 1, keeper, 0},
	{"QEMU", false, []byte{2, 255}, 255, 255, keeper + 1, 0},
	{"new Postfix", true, []byte{1, 32}, 33, 1, comer, 2},
	{"new QEMU", true, []byte{2, 255}, 255, 255, comer + 1, 2},
}

// tally is what the client tells.
type tally struct {
	harness.Digest
	Problems []string
}

// behave uses the daemon for a while, from when it is told to begin.
func behave(socket string, long time.Duration) tally {
	sum := harness.NewTally()
	var users []*user
	for _, m := range manners {
		u := &user{manner: m, socket: socket}
		if err := u.once(); err != nil {
			sum.Add(m.name+" before the attack", 0, err)
		}
		users = append(users, u)
	}
	<-harness.Ready()
	life, end := context.WithCancel(context.Background())
	defer end()
	go sum.Doze(life)
	var all sync.WaitGroup
	for i, u := range users {
		all.Go(func() {
			next := time.Now().Add(pace * time.Duration(i) / time.Duration(len(users)))
			for end := next.Add(long); next.Before(end); next = next.Add(pace) {
				time.Sleep(time.Until(next))
				asked := time.Now()
				err := u.once()
				sum.Add(u.name, time.Since(asked), err)
				if late := time.Now().Add(-pace); late.After(next) {
					next = late // what could not be asked in time is not asked
				}
			}
		})
	}
	all.Wait()
	return tally{sum.Digest("all"), sum.Problems(lateAfter)}
}

// user is one manner at work.
type user struct {
	manner
	socket string
	conn   *harness.Conn
}

// once makes one request and looks at the answer.
func (u *user) once() (err error) {
	u.uid += u.step
	if u.conn == nil {
		if u.conn, err = harness.DialAs(u.socket, u.uid); err != nil {
			return err
		}
	}
	if err = u.ask(); err != nil || u.fresh {
		u.conn.Close()
		u.conn = nil
	}
	return err
}

func (u *user) ask() error {
	u.conn.SetDeadline(time.Now().Add(harness.Patience))
	if _, err := u.conn.Write(u.request); err != nil {
		return err
	}
	b := make([]byte, u.reply+1)
	n, err := io.ReadAtLeast(u.conn, b, u.least)
	if n != u.reply || u.request[0] == 1 && b[0] != u.request[1] {
		return fmt.Errorf("%d bytes, the first %d, expected %d: %v", n, b[0], u.reply, err)
	}
	return nil
}
