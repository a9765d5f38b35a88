//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/prng"
	"prngd/test/harness"
)

// single are the figures that are no ratio of medians; piped is the row of
// pipelined reads.
func (b *bench) single(piped row) []string {
	speed := generator()
	var times [2][]outcome
	for range b.rounds {
		for i, start := range []func() *server{func() *server { return b.startFloor("first") }, func() *server { return b.startDaemon("first", 0) }} {
			begin := time.Now()
			s := start()
			times[i] = append(times[i], outcome{time.Since(begin).Seconds() * 1e3})
			s.stop()
		}
	}
	return []string{
		fmt.Sprintf("generator in bulk: %.0f MB/s on one core; pipelined reads reach %.2f of 1/(1/floor + 1/generator) (>= 0.85)",
			speed, piped.ratio*(1+piped.floor/speed)),
		fmt.Sprintf("exec to the first 32 bytes: %.1f ms, floor %.1f ms (<= 2 times)", middle(times[1])[0], middle(times[0])[0]),
	}
}

// generator is the speed of Generate in bulk, MB/s, on one core.
func generator() float64 {
	start := time.Now()
	p := must(prng.New(prng.Env{Clocks: func() (int64, int64) { d := int64(time.Since(start)); return d, d }}))
	defer p.Close()
	p.Source(prng.Policy{Name: "bench"}).Add(make([]byte, 64), 512)
	dst := make([]byte, prng.MaxBytesPerRequest)
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			p.Generate(dst)
		}
	})
	return float64(r.N*len(dst)) / 1e6 / r.T.Seconds()
}

// returnTime is when the memory of a peak of connections has gone back.
const returnTime = time.Minute

// idle holds silent connections to a fresh daemon, and measures its memory and a
// round trip beside them.
func (b *bench) idle(count int) []string {
	s := b.startDaemon("idle", 0)
	defer s.stop()
	time.Sleep(2 * time.Second) // the first jitter burst is over
	alone := s.roundTrips(32)
	before, peak := harness.Memory(s.pid)
	silent := make([]*client, count)
	for i := range silent {
		silent[i] = must(dial(s.path))
	}
	beside := s.roundTrips(32)
	after, _ := harness.Memory(s.pid)
	for _, c := range silent {
		c.close()
	}
	time.Sleep(returnTime)
	left, _ := harness.Memory(s.pid)
	return []string{
		fmt.Sprintf("RSS of prngd: %d KiB, %d KiB at the peak of a jitter burst", before, peak),
		fmt.Sprintf("%d idle connections: %.2f KiB each; round trip beside them %.2f times (<= 1.3)",
			count, float64(after-before)/float64(count), beside[p50]/alone[p50]),
		fmt.Sprintf("RSS with them %d KiB, %d KiB %v after their end", after, left, returnTime),
	}
}

// point is what both sides do with k connections.
type point struct {
	k               int
	medians, ratios []outcome
}

// curve goes from one connection to twenty thousand, as far as descriptors allow.
func (b *bench) curve() (points []point) {
	var descriptors unix.Rlimit
	check(unix.Getrlimit(unix.RLIMIT_NOFILE, &descriptors))
	most := int(min(20000, descriptors.Cur-200))
	for _, k := range []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000} {
		k = min(k, most)
		medians, ratios := b.measure(1, max(3, b.rounds/2), sustained(k, 32))
		if medians[0][p50]*medians[1][p50] == 0 {
			break // a slice is too short for so many
		}
		points = append(points, point{k, medians, ratios})
		fmt.Printf("K=%-6d", k)
		for i, name := range []string{"floor", "prngd"} {
			fmt.Printf("  %s %8.0f/s p50 %9.1f us CPU %.2f us", name, medians[i][rate], medians[i][p50], medians[i][cpu])
		}
		fmt.Println()
		if k == most {
			break
		}
	}
	return points
}

// connections, sizes and listeners say what a request costs for the connections of a curve, for its size and
// for the sockets that the daemon listens at: a core for each side, and 50
// connections where their number does not change.
func connections(points []point) string {
	var list []string
	for _, p := range points {
		list = append(list, fmt.Sprintf("%d: %.2f us (%.2f)", p.k, p.medians[1][cpu], p.ratios[1][cpu]))
	}
	return "CPU per request by connections, and ratio to the floor: " + strings.Join(list, ", ")
}

func (b *bench) sizes() string {
	var list []string
	for _, n := range []byte{1, 16, 32, 64, 128, 255} {
		medians, ratios := b.measure(1, b.rounds, sustained(50, n))
		list = append(list, fmt.Sprintf("%d B %.2f us (%.2f)", n, medians[1][cpu], ratios[1][cpu]))
	}
	return "CPU per request by size, and ratio to the floor: " + strings.Join(list, ", ")
}

// listeners measures daemons with more and more sockets, by the last of them.
func (b *bench) listeners() string {
	var list []string
	for _, count := range []int{1, 10, 100, 1000} {
		s := b.startDaemon("sockets", count-1)
		alone := &bench{b.options, []*server{s}}
		medians, _ := alone.measure(1, b.rounds, sustained(50, 32))
		memory, _ := harness.Memory(s.pid)
		s.stop()
		list = append(list, fmt.Sprintf("%d: %.2f us, %d KiB", count, medians[0][cpu], memory))
	}
	return "CPU per request and RSS by listeners: " + strings.Join(list, "; ")
}
