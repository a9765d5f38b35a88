//go:build linux

package harness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tally is what well-behaved clients saw, by their kind.
type Tally struct {
	mu    sync.Mutex
	kinds map[string]*account
	naps  account // what the machine adds to every figure
}

// account is one kind's. A turn is what a client asks at once.
type account struct {
	took   []time.Duration
	failed int
	first  error
	at     time.Time // of the first failure
}

// NewTally returns an empty one.
func NewTally() *Tally { return &Tally{kinds: map[string]*account{}} }

// Add counts a turn. A failure is an err that is not nil.
func (t *Tally) Add(kind string, took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.kinds[kind]
	if a == nil {
		a = new(account)
		t.kinds[kind] = a
	}
	a.took = append(a.took, took)
	if err == nil {
		return
	}
	if a.failed++; a.failed == 1 {
		a.first, a.at = err, time.Now()
	}
}

// doze takes naps of 20 ms until the load is lifted, and notes how much too long they were: so long every process
// waits for a processor.
func (t *Tally) doze(load context.Context) {
	const nap = 20 * time.Millisecond
	for load.Err() == nil {
		began := time.Now()
		time.Sleep(nap)
		over := time.Since(began) - nap
		t.mu.Lock()
		t.naps.took = append(t.naps.took, over)
		t.mu.Unlock()
	}
}

// all is the account of all kinds together.
func (t *Tally) all() (sum account) {
	for _, a := range t.kinds {
		sum.took = append(sum.took, a.took...)
		sum.failed += a.failed
	}
	return sum
}

// Turns is how many were counted.
func (t *Tally) Turns() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all().took)
}

// Problems are the failures of each kind, and the turns that took longer than late beyond ten times the worst nap:
// that much is the machine's. It is a problem as well that nobody was served.
func (t *Tally) Problems(late time.Duration) (problems []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range t.names() {
		if a := t.kinds[name]; a.failed > 0 {
			problems = append(problems, fmt.Sprintf("%s: %d of %d turns failed, the first at %s: %v",
				name, a.failed, len(a.took), a.at.Format(time.TimeOnly), a.first))
		}
	}
	all := t.all()
	late += 10 * DigestOf(t.naps.took).Max
	if n := all.over(late); n > 0 {
		problems = append(problems, fmt.Sprintf("%d turns took over %v", n, late))
	}
	if len(all.took) == 0 {
		problems = append(problems, "no client was served")
	}
	return problems
}

// String is a line for each kind, one for all, and one for the naps.
func (t *Tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	line := func(name string, a account) { fmt.Fprintf(&b, "%-12s %s\n", name, a.String()) }
	for _, name := range t.names() {
		line(name, *t.kinds[name])
	}
	line("all", t.all())
	if len(t.naps.took) > 0 {
		line("naps", t.naps)
	}
	return b.String()
}

// Line is the tally of one kind, or of "all".
func (t *Tally) Line(kind string) string {
	for line := range strings.Lines(t.String()) {
		if strings.HasPrefix(line, kind+" ") {
			return strings.TrimSpace(line)
		}
	}
	return kind + ": nothing"
}

func (t *Tally) names() (names []string) {
	for name := range t.kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// over counts the turns that took longer.
func (a account) over(late time.Duration) (n int) {
	for _, d := range a.took {
		if d > late {
			n++
		}
	}
	return n
}

func (a account) String() string {
	return fmt.Sprintf("%8d turns, %d failed, %v", len(a.took), a.failed, DigestOf(a.took))
}

// Digest is what many times come to.
type Digest struct {
	N                   int
	P50, P99, P999, Max time.Duration
}

// DigestOf sorts the times and takes the percentiles.
func DigestOf(times []time.Duration) Digest {
	if len(times) == 0 {
		return Digest{}
	}
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))] }
	return Digest{len(times), at(0.5), at(0.99), at(0.999), at(1)}
}

// String is in milliseconds.
func (d Digest) String() string {
	if d.N == 0 {
		return "no reply"
	}
	return fmt.Sprintf("p50 %s, p99 %s, max %s", Millis(d.P50), Millis(d.P99), Millis(d.Max))
}

// Millis is a time as 1.23 ms.
func Millis(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }
