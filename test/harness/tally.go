//go:build linux

package harness

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Tally is what well-behaved clients saw, by their kind, and of "all". "naps" is what the machine adds to every figure.
// It is read when nobody adds to it any more.
type Tally struct {
	mu       sync.Mutex
	accounts map[string]*account
}

// account is one kind's. A turn is what a client asks at once.
type account struct {
	took   []time.Duration
	failed int
	first  string // failure, and when
}

// NewTally returns an empty one.
func NewTally() *Tally { return &Tally{accounts: map[string]*account{"all": {}, "naps": {}}} }

// Add counts a turn. A failure is an err that is not nil.
func (t *Tally) Add(kind string, took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.accounts[kind] == nil {
		t.accounts[kind] = new(account)
	}
	for _, a := range []*account{t.accounts[kind], t.accounts["all"]} {
		a.took = append(a.took, took)
		if err == nil {
			continue
		}
		if a.failed++; a.failed == 1 {
			a.first = fmt.Sprintf("%s: %v", time.Now().Format(time.TimeOnly), err)
		}
	}
}

// Doze takes naps of 20 ms until the load is lifted, and notes how much too long they were: so long every process
// waits for a processor.
func (t *Tally) Doze(load context.Context) {
	const nap = 20 * time.Millisecond
	for load.Err() == nil {
		began := time.Now()
		time.Sleep(nap)
		over := time.Since(began) - nap
		t.mu.Lock()
		t.accounts["naps"].took = append(t.accounts["naps"].took, over)
		t.mu.Unlock()
	}
}

// Digest is what the turns of one kind, or of "all", took.
func (t *Tally) Digest(kind string) Digest { return DigestOf(t.accounts[kind].took) }

// Problems are the failures of each kind, and the turns that took longer than late beyond ten times the worst nap:
// that much is the machine's. It is a problem as well that nobody was served.
func (t *Tally) Problems(late time.Duration) (problems []string) {
	late += 10 * t.Digest("naps").Max
	for _, name := range slices.Sorted(maps.Keys(t.accounts)) {
		if a := t.accounts[name]; a.failed > 0 && name != "all" {
			problems = append(problems, fmt.Sprintf("%s: %d of %d turns failed, the first at %s", name, a.failed, len(a.took), a.first))
		}
	}
	all := slices.Sorted(slices.Values(t.accounts["all"].took))
	if on, _ := slices.BinarySearch(all, late+1); on < len(all) {
		problems = append(problems, fmt.Sprintf("%d turns took over %v", len(all)-on, late))
	}
	if len(all) == 0 {
		problems = append(problems, "no client was served")
	}
	return problems
}

// String is a line for each kind.
func (t *Tally) String() (lines string) {
	for _, name := range slices.Sorted(maps.Keys(t.accounts)) {
		lines += t.Line(name) + "\n"
	}
	return lines
}

// Line is the tally of one kind, or of "all".
func (t *Tally) Line(kind string) string {
	d := t.Digest(kind)
	return fmt.Sprintf("%-12s %8d turns, %d failed, %v", kind, d.N, t.accounts[kind].failed, d)
}

// Digest is what many times come to.
type Digest struct {
	N             int
	P50, P99, Max time.Duration
}

// DigestOf sorts the times and takes the percentiles.
func DigestOf(times []time.Duration) Digest {
	if len(times) == 0 {
		return Digest{}
	}
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[int(q*float64(len(times)-1))] }
	return Digest{len(times), at(0.5), at(0.99), at(1)}
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
