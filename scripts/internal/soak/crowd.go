//go:build linux

package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// kind is one way to behave.
type kind struct {
	name  string
	of    int // so many in 1,000 clients
	turn  func(*client, net.Conn) error
	pause [2]time.Duration // between two turns, at least and at most
	how   manner
}

// manner is what else is to be known of a kind.
type manner struct {
	fresh bool // a new connection for each turn
	tcp   bool
	last  bool // says nothing until the very end
	bad   bool // what becomes of it is not counted
}

const ms = time.Millisecond

// kinds is everybody. Pauses are short beside those of the real ones, of whom
// there may be many more.
var kinds = []kind{
	{"guest", 300, (*client).pid, [2]time.Duration{1000 * ms, 2000 * ms}, manner{last: true}}, // QEMU, before a driver is loaded
	{"tlsmgr", 180, (*client).tlsmgr, [2]time.Duration{1000 * ms, 8000 * ms}, manner{}},       // Postfix
	{"qemu", 80, (*client).qemu, [2]time.Duration{500 * ms, 3000 * ms}, manner{}},
	{"ekeyd", 40, (*client).ekeyd, [2]time.Duration{500 * ms, 3000 * ms}, manner{tcp: true}},
	{"openssl", 50, (*client).openssl, [2]time.Duration{200 * ms, 2000 * ms}, manner{fresh: true}},
	{"openssh", 30, (*client).openssh, [2]time.Duration{500 * ms, 4000 * ms}, manner{fresh: true, tcp: true}},
	{"asker", 50, (*client).asker, [2]time.Duration{200 * ms, 2000 * ms}, manner{}}, // level and pid
	{"giver", 50, (*client).giver, [2]time.Duration{200 * ms, 2000 * ms}, manner{}}, // command 3
	{"pipe", 40, (*client).pipe, [2]time.Duration{500 * ms, 3000 * ms}, manner{fresh: true}},
	{"bogus", 20, (*client).bogus, [2]time.Duration{500 * ms, 3000 * ms}, manner{fresh: true}},
	{"slow", 40, (*client).slow, [2]time.Duration{0, 2000 * ms}, manner{fresh: true, bad: true}},
	{"deaf", 40, (*client).deaf, [2]time.Duration{0, 2000 * ms}, manner{fresh: true, bad: true}},
	{"rude", 40, (*client).rude, [2]time.Duration{100 * ms, 1000 * ms}, manner{fresh: true, bad: true}},
	{"storm", 40, (*client).storm, [2]time.Duration{500 * ms, 2000 * ms}, manner{fresh: true, bad: true}},
}

// client is one of them.
type client struct {
	*daemon
	kind kind
	life context.Context
	mood *rand.Rand
	got  []byte // output of this turn
}

// startCrowd starts all clients; they end with life.
func (d *daemon) startCrowd(life context.Context, mood *rand.Rand) *sync.WaitGroup {
	var all sync.WaitGroup
	all.Go(func() { d.tally.doze(life) })
	for _, k := range kinds {
		for range max(1, k.of*d.clients/1000) {
			c := &client{daemon: d, kind: k, life: life, mood: rand.New(rand.NewPCG(mood.Uint64(), mood.Uint64()))}
			all.Go(c.live)
		}
	}
	return &all
}

// live takes turns until the load is lifted, the first within two seconds.
func (c *client) live() {
	var conn net.Conn
	hangUp := func() {
		if conn != nil {
			conn.Close()
		}
		conn = nil
	}
	defer hangUp()
	for wait := c.between(0, 2*time.Second); c.sleep(wait); wait = c.between(c.kind.pause[0], c.kind.pause[1]) {
		began := time.Now()
		var err error
		if conn == nil {
			conn, err = c.dial()
		}
		if err == nil && c.kind.how.last {
			<-c.life.Done()
			began = time.Now()
		}
		if err == nil {
			conn.SetDeadline(time.Now().Add(patience))
			err = c.kind.turn(c, conn)
		}
		if !c.kind.how.bad {
			c.tally.add(c.kind.name, time.Since(began), err)
		}
		if err != nil || c.kind.how.fresh {
			hangUp()
		}
		c.blocks.add(c.got) // which may take its time: the turn is over
		c.got = c.got[:0]
	}
}

func (c *client) dial() (net.Conn, error) {
	if c.kind.how.tcp {
		return net.Dial("tcp", c.tcp)
	}
	return net.Dial("unix", c.socket())
}

func (c *client) between(least, most time.Duration) time.Duration {
	return least + time.Duration(c.mood.Int64N(int64(max(most-least, 1))))
}

// sleep returns false when the load is lifted.
func (c *client) sleep(d time.Duration) bool {
	select {
	case <-c.life.Done():
		return false
	case <-time.After(d):
		return true
	}
}
