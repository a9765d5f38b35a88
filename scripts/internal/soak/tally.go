//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// tally is what the well-behaved clients saw, by their kind.
type tally struct {
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

func newTally() *tally { return &tally{kinds: map[string]*account{}} }

// add counts a turn.
func (t *tally) add(kind string, took time.Duration, err error) {
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

// doze takes naps of 20 ms, until the load is lifted, and notes how much too long
// they were: so long everybody waits for a processor.
func (t *tally) doze(load context.Context) {
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

// all is the account of everybody.
func (t *tally) all() (sum account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.kinds {
		sum.took = append(sum.took, a.took...)
		sum.failed += a.failed
	}
	return sum
}

// report prints a line for each kind and one for all, and returns what was wrong.
func (t *tally) report(late time.Duration) (problems []string) {
	all := t.all()
	for _, name := range t.names() {
		a := t.kinds[name]
		fmt.Printf("%-12s %s\n", name, a.String())
		if a.failed > 0 {
			problems = append(problems, fmt.Sprintf("%s: %d of %d turns failed, the first at %s: %v",
				name, a.failed, len(a.took), a.at.Format(time.TimeOnly), a.first))
		}
	}
	fmt.Printf("%-12s %s\n", "all", all.String())
	fmt.Printf("%-12s %s\n", "naps", t.naps.String())
	if n := all.over(late); n > 0 {
		problems = append(problems, fmt.Sprintf("%d turns took over %v", n, late))
	}
	if len(all.took) == 0 {
		problems = append(problems, "nobody was served")
	}
	return problems
}

func (t *tally) names() (names []string) {
	for name := range t.kinds {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

// over counts the turns that took longer.
func (a *account) over(late time.Duration) (n int) {
	for _, d := range a.took {
		if d > late {
			n++
		}
	}
	return n
}

func (a *account) String() string {
	slices.Sort(a.took)
	at := func(part float64) float64 {
		if len(a.took) == 0 {
			return 0
		}
		return a.took[min(len(a.took)-1, int(part*float64(len(a.took))))].Seconds() * 1000
	}
	return fmt.Sprintf("%8d turns, %d failed, p50 %.2f ms, p99 %.1f, p99.9 %.1f, worst %.1f",
		len(a.took), a.failed, at(0.5), at(0.99), at(0.999), at(1))
}
