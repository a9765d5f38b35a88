//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"prngd/test/harness"
)

// figure is one line of the table.
type figure struct {
	name, unit string
	bound      float64 // of the ratio: at most this, or at least, if more is better; 0: none
	more       bool
	core       int // where the load runs: 0 with the server, 1 beside it
	of         int // the index of an outcome
	take       func(*server) outcome
}

// fair is replies on the worst-served connection over the best-served.
const fair = "fairness over 500 connections"

func sustained(k int, n byte) func(*server) outcome {
	return func(s *server) outcome { return s.sustain(k, n) }
}

func figures() (all []figure) {
	type load struct {
		k     int
		n     byte
		bound float64
	}
	for _, l := range []load{{50, 32, 1.05}, {500, 32, 1.10}, {8, 32, 1.20}, {50, 255, 1.10}, {500, 255, 1.20}} {
		all = append(all, figure{fmt.Sprintf("CPU per request, K=%d n=%d", l.k, l.n), "us", l.bound, false, 1, cpu, sustained(l.k, l.n)})
	}
	for _, l := range []load{{8, 32, 0.85}, {50, 32, 1.00}, {500, 32, 0.95}, {50, 255, 0.95}} {
		all = append(all, figure{fmt.Sprintf("full replies a second, K=%d n=%d", l.k, l.n), "/s", l.bound, true, 1, rate, sustained(l.k, l.n)})
	}
	return append(all,
		figure{"round trip p50, n=32, same core", "us", 1.05, false, 0, p50, func(s *server) outcome { return s.roundTrips(32) }},
		figure{"round trip p50, n=255, same core", "us", 1.10, false, 0, p50, func(s *server) outcome { return s.roundTrips(255) }},
		figure{"burst of 50 connections x 32 bytes, p50", "us", 1.05, false, 1, p50, func(s *server) outcome { return s.burst(50, 32) }},
		figure{fair, "", 0.8, true, 1, fairness, sustained(500, 32)},
		figure{fair + " beside a greedy one", "", 0.8, true, 1, fairness, (*server).beside},
		figure{"255-byte reads pipelined 64 deep", "MB/s", 0, true, 1, rate, func(s *server) outcome { return s.pipeline(64, 255) }})
}

// measure asks all sides in turns. A ratio to the first is the median of the rounds', each of
// neighbours in time.
func (b *bench) measure(core, rounds int, take func(*server) outcome) (medians, ratios []outcome) {
	check(harness.Pin(core))
	values, quotients := make([][]outcome, len(b.sides)), make([][]outcome, len(b.sides))
	for round := range rounds {
		for i, s := range b.sides {
			o := take(s)
			values[i] = append(values[i], o)
			for k := range o {
				o[k] /= values[0][round][k]
			}
			quotients[i] = append(quotients[i], o)
		}
	}
	for i := range b.sides {
		medians, ratios = append(medians, middle(values[i])), append(ratios, middle(quotients[i]))
	}
	return medians, ratios
}

// middle is the median of each value by itself.
func middle(all []outcome) (m outcome) {
	for i := range m {
		slices.SortFunc(all, func(a, b outcome) int { return cmp.Compare(a[i], b[i]) })
		m[i] = all[len(all)/2][i]
	}
	return m
}

// row is a figure measured: its line of the table.
type row struct {
	line         string
	floor, ratio float64
}

const tableHead = "| figure | floor | prngd | ratio | to reach | met | peer's ratio |\n|---|---|---|---|---|---|---|\n"

func (b *bench) row(f figure) row {
	medians, ratios := b.measure(f.core, b.rounds, f.take)
	floor, ours, ratio := medians[0][f.of], medians[1][f.of], ratios[1][f.of]
	target, met, peer := "", "", ""
	if len(ratios) > 2 {
		peer = fmt.Sprintf("%.2f", ratios[2][f.of])
	}
	judged := ratio
	if strings.HasPrefix(f.name, fair) {
		judged = ours // not a ratio to the floor's
	}
	if f.bound > 0 {
		target = fmt.Sprintf("%s %.2f", map[bool]string{true: ">=", false: "<="}[f.more], f.bound)
		met = map[bool]string{true: "yes", false: "no"}[f.more == (judged > f.bound) || judged == f.bound]
	}
	line := fmt.Sprintf("| %s | %s | %s %s | %.2f | %s | %s | %s |\n", f.name, digits(floor), digits(ours), f.unit, ratio, target, met, peer)
	return row{line, floor, ratio}
}

func digits(x float64) string {
	if x >= 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2f", x)
}
