//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"prngd/internal/prng"
	"prngd/test/harness"
)

// singles are the figures that are no ratio of medians. The last row is of
// pipelined reads.
func (p *pair) singles(o options, piped row) (lines []string, err error) {
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	speed, err := generator()
	if err != nil {
		return nil, err
	}
	say("generator in bulk: %.0f MB/s on one core; pipelined reads reach %.2f of 1/(1/floor + 1/generator) (>= 0.85)", speed, piped.ratio*(1+piped.floor/speed))
	if err := idle(5000, o, say); err != nil {
		return nil, err
	}
	o.dir = filepath.Join(o.dir, "first")
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, err
	}
	floor, err := firstReply(o, startFloor)
	if err != nil {
		return nil, err
	}
	ours, err := firstReply(o, func(o options) (*server, error) { return startDaemon(o, 0) })
	if err != nil {
		return nil, err
	}
	say("exec to the first 32 bytes: %.1f ms, floor %.1f ms (<= 2 times)", ours, floor)
	return lines, nil
}

// generator is the speed of Generate in bulk, MB/s, on one core.
func generator() (float64, error) {
	start := time.Now()
	p, err := prng.New(prng.Env{Clocks: func() (int64, int64) { d := int64(time.Since(start)); return d, d }})
	if err != nil {
		return 0, err
	}
	defer p.Close()
	p.Source(prng.Policy{Name: "bench"}).Add(make([]byte, 64), 512)
	dst := make([]byte, prng.MaxBytesPerRequest)
	best := 0.0
	for range 7 {
		begin, n := time.Now(), 0
		for time.Since(begin) < 100*time.Millisecond {
			p.Generate(dst)
			n += len(dst)
		}
		best = max(best, float64(n)/1e6/time.Since(begin).Seconds())
	}
	return best, nil
}

// returnTime is when the memory of a peak of connections has gone back.
const returnTime = time.Minute

// idle holds silent connections to a fresh daemon, and measures its memory and a
// round trip beside them.
func idle(count int, o options, say func(string, ...any)) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := harness.Pin(0); err != nil {
		return err
	}
	o.dir = filepath.Join(o.dir, "idle")
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	s, err := startDaemon(o, 0)
	if err != nil {
		return err
	}
	defer s.stop()
	time.Sleep(2 * time.Second) // the first jitter burst is over
	alone, err := roundTrips(s, 32, o.slice)
	if err != nil {
		return err
	}
	before, peak := s.memory()
	var silent []*client
	for i := range count {
		c, err := dialLight(s.path, nil)
		if err != nil {
			return fmt.Errorf("idle connection %d: %w", i, err)
		}
		silent = append(silent, c)
	}
	beside, err := roundTrips(s, 32, o.slice)
	if err != nil {
		return err
	}
	after, _ := s.memory()
	for _, c := range silent {
		c.close()
	}
	time.Sleep(returnTime)
	left, _ := s.memory()
	say("RSS of prngd: %d KiB, %d KiB at the peak of a jitter burst", before, peak)
	say("%d idle connections: %.2f KiB each; round trip beside them %.2f times (<= 1.3)",
		count, float64(after-before)/float64(count), beside.p50/alone.p50)
	say("RSS with them %d KiB, %d KiB %v after their end", after, left, returnTime)
	return nil
}

// firstReply is the median time from exec to the first reply, in milliseconds.
func firstReply(o options, start func(options) (*server, error)) (float64, error) {
	var times []float64
	for range o.rounds {
		begin := time.Now()
		s, err := start(o)
		if err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(begin).Microseconds())/1e3)
		s.stop()
	}
	return middle(times), nil
}

// point is what both sides do with k connections.
type point struct {
	k           int
	floor, ours outcome
}

// curve goes from one connection to twenty thousand, as far as descriptors allow.
func (p *pair) curve(o options) (points []point, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := harness.Pin(1); err != nil {
		return nil, err
	}
	for _, k := range []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000} {
		var floor, ours []outcome
		for range max(3, o.rounds/2) {
			a, err := sustain(p.floor, k, 32, o.slice)
			if err != nil {
				return points, nil // out of descriptors: what there is will do
			}
			b, err := sustain(p.ours, k, 32, o.slice)
			if err != nil {
				fmt.Fprintf(os.Stderr, "bench: %d connections: %v\n", k, err)
				return points, nil
			}
			floor, ours = append(floor, a), append(ours, b)
		}
		points = append(points, point{k, typical(floor), typical(ours)})
		now := points[len(points)-1]
		fmt.Printf("K=%-6d floor %8.0f/s p50 %9.1f us CPU %.2f us   prngd %8.0f/s p50 %9.1f us CPU %.2f us\n", k,
			now.floor.rate, now.floor.p50, now.floor.cpu, now.ours.rate, now.ours.p50, now.ours.cpu)
	}
	return points, nil
}

func typical(all []outcome) outcome {
	pick := func(value func(outcome) float64) float64 {
		var xs []float64
		for _, o := range all {
			xs = append(xs, value(o))
		}
		return middle(xs)
	}
	return outcome{rate: pick(rate), p50: pick(median), p99: pick(func(o outcome) float64 { return o.p99 }), cpu: pick(cost)}
}
