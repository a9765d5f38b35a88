//go:build linux

package hostile

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"prngd/test/harness"
)

// The attackers and the well-behaved client are processes of their own.
var roles = harness.Roles{
	"client": func(args []string) {
		how, _ := time.ParseDuration(args[0])
		harness.Result(targetOf(args[1:]).behave(how, func() { <-harness.Ready() }))
	},
	"attack": func(args []string) {
		a := &assault{target: targetOf(args[1:]), result: result{Load: map[string]int{}}}
		a.stop = make(chan struct{})
		find(args[0]).do(a)
		harness.Result(&a.result)
	},
}

func targetOf(args []string) target {
	t := target{socket: args[0], control: args[1]}
	t.port, _ = strconv.Atoi(args[2])
	return t
}

// assault is one attack under way.
type assault struct {
	target
	stop  chan struct{}
	begun time.Time
	mu    sync.Mutex
	result
}

// result is what an attacker has to tell.
type result struct {
	Load    map[string]int // what was done; what ends in "/s" is shown a second
	Seconds float64        // that it stood
	Wrong   []string       // what the attacker alone can see
}

// stand says that the attack is in place, and returns at its end.
func (a *assault) stand() {
	a.mu.Lock()
	a.begun = time.Now()
	told := harness.Ready()
	a.mu.Unlock()
	<-told
	close(a.stop)
	a.Seconds = time.Since(a.begun).Seconds()
}

// rage has n goroutines do something again and again until the end. Each turn counts.
func (a *assault) rage(n int, what string, turn func(i int) (times int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for !a.over() {
				a.count(what, turn(i))
			}
		})
	}
	a.stand()
	all.Wait()
}

func (a *assault) over() bool {
	select {
	case <-a.stop:
		return true
	default:
		return false
	}
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
