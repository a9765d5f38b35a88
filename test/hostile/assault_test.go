//go:build linux

package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"prngd/test/harness"
)

// The attackers and the well-behaved client are processes of their own. They are told what to do, and the daemon.
var roles = harness.Roles{
	"client": func(args []string) {
		long, _ := time.ParseDuration(args[0])
		harness.Result(behave(told(args[1]).Socket, long))
	},
	"attack": func(args []string) {
		a := &assault{Daemon: told(args[1]), result: result{Load: map[string]int{}}}
		a.Context, a.end = context.WithCancel(context.Background())
		find(args[0]).do(a)
		a.mu.Lock() // some may be about to count
		for what, n := range a.Load {
			if strings.HasSuffix(what, "/s") {
				a.Load[what] = int(float64(n) / a.Seconds)
			}
		}
		harness.Result(&a.result)
	},
}

func told(daemon string) *harness.Daemon {
	d := new(harness.Daemon)
	if err := json.Unmarshal([]byte(daemon), d); err != nil {
		panic("internal error: " + err.Error())
	}
	return d
}

// assault is one attack under way. Its context ends when it has to.
type assault struct {
	*harness.Daemon
	context.Context
	end func()
	mu  sync.Mutex
	result
}

// result is what an attacker has to tell.
type result struct {
	Load    map[string]int // what was done, or done a second
	Seconds float64        // that it stood
	Wrong   []string       // what the attacker alone can see
}

// stand says that the attack is in place, and returns at its end.
func (a *assault) stand() {
	begun := time.Now()
	<-harness.Ready()
	a.end()
	a.Seconds = time.Since(begun).Seconds()
}

// rage has n goroutines do something again and again until the end. Each turn counts.
func (a *assault) rage(n int, what string, turn func(i int) (times int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for a.Err() == nil {
				a.count(what, turn(i))
			}
		})
	}
	a.stand()
	all.Wait()
}

// rush is rage over a new connection for each turn. One that cannot be made does not count.
func (a *assault) rush(n int, what string, turn func(i int, c *harness.Conn) (times int)) {
	a.rage(n, what, func(i int) int {
		c, err := harness.DialAs(a.Socket, rascal)
		if err != nil {
			return 0
		}
		defer c.Close()
		return turn(i, c)
	})
}

// dial makes the next connection of several.
type dial func(i int) (*harness.Conn, error)

func (a *assault) as(uid int) dial {
	return func(int) (*harness.Conn, error) { return harness.DialAs(a.Socket, uid) }
}

// connect makes n connections, or as many as begin well.
func (a *assault) connect(n int, dial dial, begin func(*harness.Conn) bool) (list []*harness.Conn) {
	for i := range n {
		c, err := dial(i)
		if err != nil {
			a.complain("making connection %d: %v", i, err)
			break
		}
		if !begin(c) {
			c.Close()
			break
		}
		list = append(list, c)
	}
	return list
}

// saying begins with what is not answered yet.
func saying(requests ...byte) func(*harness.Conn) bool {
	return func(c *harness.Conn) bool { c.Write(requests); return true }
}

// answered begins with a request: it is not well if the daemon refuses the connection, or has it wait.
func answered(c *harness.Conn) bool {
	b, _ := c.Ask([]byte{0}, 4)
	return len(b) == 4
}

func (a *assault) count(what string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Load[what] += n
}

func (a *assault) complain(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Wrong = append(a.Wrong, fmt.Sprintf(format, args...))
}
