//go:build linux

package harness

import (
	"context"
	"fmt"
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
	Pause [2]time.Duration // from one turn to the next, at least and at most
	Fresh bool             // a new connection for each turn
	TCP   bool
	Last  bool // asks only once, at the very end
	Bad   bool // what becomes of it is not counted
	UID   int  // the user that connects, if we are root; 0: root
	Next  int  // so much is added to UID for the connection after that
}

// Every is a Kind's Pause that is always the same.
func Every(d time.Duration) [2]time.Duration { return [2]time.Duration{d, d} }

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
	*Daemon
	Tally   *Tally
	Blocks  *Blocks
	clients []*Client
	life    context.Context
	lift    func()
	all     sync.WaitGroup
}

// NewCrowd makes N clients of each kind. Those that keep their connection connect, and take a first turn.
func NewCrowd(d *Daemon, kinds []Kind, seed uint64) *Crowd {
	c := &Crowd{Daemon: d, Tally: NewTally(), Blocks: NewBlocks(4 << 20)}
	c.life, c.lift = context.WithCancel(context.Background())
	for _, k := range kinds {
		for range k.N {
			one := &Client{Crowd: c, kind: k, mood: rand.New(rand.NewPCG(seed, uint64(len(c.clients))))}
			switch {
			case k.Last:
				one.conn, _ = one.dial() // if it cannot, its turn will say so
			case !k.Fresh:
				one.turn()
			}
			c.clients = append(c.clients, one)
		}
	}
	return c
}

// Start lets the clients ask. They go on until Lift.
func (c *Crowd) Start() *Crowd {
	c.all.Go(func() { c.Tally.Doze(c.life) })
	for _, one := range c.clients {
		c.all.Go(one.live)
	}
	return c
}

// Lift lets the clients finish their turns, waits until all are gone, and returns what was wrong with the replies: the
// Tally's problems, and output that came twice.
func (c *Crowd) Lift(late time.Duration) []string {
	c.lift()
	c.all.Wait()
	problems := c.Tally.Problems(late)
	if n := c.Blocks.Repeats(); n > 0 {
		problems = append(problems, fmt.Sprintf("%d blocks of output came twice", n))
	}
	return problems
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
	due := time.Now().Add(c.between(0, min(2*time.Second, pause[1])))
	for c.sleep(time.Until(due)) {
		c.turn()
		due = due.Add(c.between(pause[0], pause[1]))
		if now := time.Now(); due.Before(now) {
			due = now // what could not be asked in time is not asked
		}
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
	defer func() { c.kind.UID += c.kind.Next }()
	return DialAs(c.Socket, c.kind.UID)
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
