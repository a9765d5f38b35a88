//go:build linux

package harness

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Patience is for any reply: a client that has waited so long has failed. It is far more than a busy machine takes,
// and so ends only what would hang for ever.
const Patience = 2 * time.Minute

// Kind is one way to behave.
type Kind struct {
	Name  string
	N     int // so many clients
	Turn  func(*Client, net.Conn) error
	Pause [2]time.Duration // between two turns, at least and at most
	Fresh bool             // a new connection for each turn
	TCP   bool
	Last  bool // asks only once, at the very end
	Bad   bool // what becomes of it is not counted
}

// Target is where a daemon answers.
type Target struct {
	Socket string // path
	TCP    string // HOST:PORT, if it listens there
	PID    int
}

// Client is one of a crowd.
type Client struct {
	*Crowd
	kind Kind
	mood *rand.Rand
	conn net.Conn
	got  []byte // output of this turn
}

// Crowd is clients of every kind at one daemon.
type Crowd struct {
	Target
	Tally  *Tally
	Blocks *Blocks
	life   context.Context
	lift   func()
	all    sync.WaitGroup
}

// StartCrowd starts N clients of each kind. They go on until Lift.
func StartCrowd(at Target, kinds []Kind, mood *rand.Rand) *Crowd {
	c := &Crowd{Target: at, Tally: NewTally(), Blocks: NewBlocks(8 << 20)}
	c.life, c.lift = context.WithCancel(context.Background())
	c.all.Go(func() { c.Tally.Doze(c.life) })
	for _, k := range kinds {
		for range k.N {
			one := &Client{Crowd: c, kind: k, mood: rand.New(rand.NewPCG(mood.Uint64(), mood.Uint64()))}
			if k.Last {
				one.conn, _ = one.dial() // if it cannot, its turn will say so
			}
			c.all.Go(one.live)
		}
	}
	return c
}

// Lift lets the clients finish their turns, and returns when all are gone.
func (c *Crowd) Lift() {
	c.lift()
	c.all.Wait()
}

// live takes turns until the load is lifted, the first within two seconds.
func (c *Client) live() {
	defer c.hangUp()
	if c.kind.Last {
		<-c.life.Done()
		c.turn()
		return
	}
	pause := c.kind.Pause
	for wait := c.between(0, min(2*time.Second, pause[1])); c.sleep(wait); wait = c.between(pause[0], pause[1]) {
		c.turn()
	}
}

func (c *Client) turn() {
	began := time.Now()
	var err error
	if c.conn == nil {
		c.conn, err = c.dial()
	}
	if err == nil {
		c.conn.SetDeadline(time.Now().Add(Patience))
		err = c.kind.Turn(c, c.conn)
	}
	if !c.kind.Bad {
		c.Tally.Add(c.kind.Name, time.Since(began), err)
	}
	if err != nil || c.kind.Fresh {
		c.hangUp()
	}
	c.Blocks.Add(c.got) // which may take its time: the turn is over
	c.got = c.got[:0]
}

func (c *Client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *Client) dial() (net.Conn, error) {
	if c.kind.TCP {
		return net.Dial("tcp", c.TCP)
	}
	return net.Dial("unix", c.Socket)
}

func (c *Client) between(least, most time.Duration) time.Duration {
	return least + time.Duration(c.mood.Int64N(int64(max(most-least, 1))))
}

// sleep returns false when the load is lifted.
func (c *Client) sleep(d time.Duration) bool {
	select {
	case <-c.life.Done():
		return false
	case <-time.After(d):
		return true
	}
}
