//go:build linux

package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"prngd/test/harness"
)

// figure is one line of the table.
type figure struct {
	name  string
	unit  string
	bound float64 // of the ratio: at most this, or at least, if more is better
	more  bool
	cores int // where the load runs: 0 with the server, 1 beside it
	take  func(*server) (float64, error)
}

// fair is replies on the worst-served connection over the best-served.
const fair = "fairness over 500 connections"

func of(value func(outcome) float64, o outcome, err error) (float64, error) { return value(o), err }

func rate(o outcome) float64   { return o.rate }
func median(o outcome) float64 { return o.p50 }
func cost(o outcome) float64   { return o.cpu }

func figures(o options) (all []figure) {
	add := func(f figure) { all = append(all, f) }
	for _, c := range []struct {
		k     int
		n     byte
		bound float64
	}{{50, 32, 1.05}, {500, 32, 1.10}, {8, 32, 1.20}, {50, 255, 1.10}, {500, 255, 1.20}} {
		add(figure{fmt.Sprintf("CPU per request, K=%d n=%d", c.k, c.n), "us", c.bound, false, 1,
			func(s *server) (float64, error) { r, err := sustain(s, c.k, c.n, o.slice); return of(cost, r, err) }})
	}
	for _, c := range []struct {
		k     int
		n     byte
		bound float64
	}{{8, 32, 0.85}, {50, 32, 1.00}, {500, 32, 0.95}, {50, 255, 0.95}} {
		add(figure{fmt.Sprintf("full replies a second, K=%d n=%d", c.k, c.n), "/s", c.bound, true, 1,
			func(s *server) (float64, error) { r, err := sustain(s, c.k, c.n, o.slice); return of(rate, r, err) }})
	}
	for _, c := range []struct {
		n     byte
		bound float64
	}{{32, 1.05}, {255, 1.10}} {
		add(figure{fmt.Sprintf("round trip p50, n=%d, same core", c.n), "us", c.bound, false, 0,
			func(s *server) (float64, error) { r, err := roundTrips(s, c.n, o.slice); return of(median, r, err) }})
	}
	add(figure{"burst of 50 connections x 32 bytes, p50", "us", 1.05, false, 1,
		func(s *server) (float64, error) { r, err := burst(s, 50, 32, o.slice); return of(median, r, err) }})
	add(figure{fair, "", 0.8, true, 1,
		func(s *server) (float64, error) {
			r, err := sustain(s, 500, 32, o.slice)
			return r.fairness, err
		}})
	add(figure{fair + " beside a greedy one", "", 0.8, true, 1,
		func(s *server) (float64, error) {
			r, err := beside(s, o.slice)
			return r.fairness, err
		}})
	add(figure{"255-byte reads pipelined 64 deep", "MB/s", 0, true, 1,
		func(s *server) (float64, error) { r, err := pipeline(s, 64, 255, o.slice); return of(rate, r, err) }})
	return all
}

// row is a figure measured.
type row struct {
	figure
	floor, ours, ratio float64
	peer               float64 // ratio of the other program to the floor; 0: there is none
}

// measure asks all sides in turns. A ratio is the median of the rounds', each of
// neighbours in time.
func (p *pair) measure(f figure, rounds int) (row, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := harness.Pin(f.cores); err != nil {
		return row{}, err
	}
	var floor, ours, ratios, peers []float64
	for range rounds {
		a, err := f.take(p.floor)
		if err != nil {
			return row{}, fmt.Errorf("floor: %w", err)
		}
		b, err := f.take(p.ours)
		if err != nil {
			return row{}, err
		}
		floor, ours, ratios = append(floor, a), append(ours, b), append(ratios, b/a)
		if p.peer == nil {
			continue
		}
		c, err := f.take(p.peer)
		if err != nil {
			return row{}, fmt.Errorf("peer: %w", err)
		}
		peers = append(peers, c/a)
	}
	r := row{figure: f, floor: middle(floor), ours: middle(ours), ratio: middle(ratios)}
	if p.peer != nil {
		r.peer = middle(peers)
	}
	return r, nil
}

func middle(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}

// met is the verdict.
func (r row) met() string {
	switch {
	case r.bound == 0:
		return ""
	case strings.HasPrefix(r.name, fair):
		r.ratio = r.ours // not a ratio to the floor's
	}
	if r.more == (r.ratio >= r.bound) || r.ratio == r.bound {
		return "yes"
	}
	return "no"
}

func (r row) target() string {
	switch {
	case r.bound == 0:
		return ""
	case r.more:
		return fmt.Sprintf(">= %.2f", r.bound)
	}
	return fmt.Sprintf("<= %.2f", r.bound)
}

func (r row) String() string {
	line := fmt.Sprintf("%-42s floor %10.2f  prngd %10.2f %-4s  ratio %.2f  %s %s", r.name, r.floor, r.ours, r.unit, r.ratio, r.target(), r.met())
	if r.peer != 0 {
		line += fmt.Sprintf("  peer %.2f", r.peer)
	}
	return line
}
