//go:build linux

package hostile

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"prngd/test/harness"
)

// The attackers and the well-behaved client are processes of their own. They are told what to do, and the daemon.
var roles = harness.Roles{
	"client": func(args []string) {
		long, _ := time.ParseDuration(args[0])
		crowd := harness.NewCrowd(harness.Told(), behaved, 1)
		<-harness.Ready()
		crowd.Start()
		time.Sleep(long)
		problems := crowd.Lift(10 * time.Second) // when Postfix gives up
		harness.Result(usage{crowd.Tally.Digest("all"), problems})
	},
	"attack": func(args []string) {
		a := &assault{Daemon: harness.Told(), result: result{Load: map[string]int{}}}
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

// behaved are well-behaved programs: Postfix and QEMU, on a connection kept and on new ones. A kept one is there before
// the attack begins; each new one is another user's, that has no connection yet. Each asks 125 times a second.
var behaved = []harness.Kind{
	{Name: "Postfix", N: 1, Turn: harness.Postfix, Pause: pace, UID: keeper},
	{Name: "QEMU", N: 1, Turn: harness.Piece, Pause: pace, UID: keeper + 1},
	{Name: "new Postfix", N: 1, Turn: harness.Postfix, Pause: pace, Fresh: true, UID: comer, Next: 2},
	{Name: "new QEMU", N: 1, Turn: harness.Piece, Pause: pace, Fresh: true, UID: comer + 1, Next: 2},
}

var pace = harness.Every(time.Second / 125)

// usage is what the client tells.
type usage struct {
	harness.Digest
	Problems []string
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

// besiege has a crowd of the attacker's do the same again and again. Each turn counts for so much.
func besiege(each int, k harness.Kind) func(*assault) {
	k.UID = cmp.Or(k.UID, rascal)
	return func(a *assault) {
		crowd := harness.NewCrowd(a.Daemon, []harness.Kind{k}, 1).Start()
		a.stand()
		a.Wrong = append(a.Wrong, crowd.Lift(harness.Patience)...)
		a.count(k.Name, each*crowd.Tally.Digest(k.Name).N)
	}
}

// as makes connections of one user.
func (a *assault) as(uid int) func(int) (net.Conn, error) {
	return func(int) (net.Conn, error) { return harness.DialAs(a.Socket, uid) }
}

// from makes TCP connections from addresses of this host.
func (a *assault) from(address func(i int) net.IP) func(int) (net.Conn, error) {
	return func(i int) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: address(i)}}).Dial("tcp4", a.TCP)
	}
}

// connect makes n connections, or as many as begin well.
func (a *assault) connect(n int, dial func(int) (net.Conn, error), begin func(net.Conn) bool) (list []net.Conn) {
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
func saying(requests ...byte) func(net.Conn) bool {
	return func(c net.Conn) bool { c.Write(requests); return true }
}

// answered begins with a request: it is not well if the daemon refuses the connection, or has it wait.
func answered(c net.Conn) bool {
	b, _ := harness.Ask(c, []byte{0}, 4)
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
