//go:build linux

// Command bench measures prngd against a server that computes nothing. Both run
// in one session, each pinned, and are asked in turns; what counts is the ratio
// of medians. See scripts/bench.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.daemon, "prngd", "", "the daemon's binary")
	flag.StringVar(&o.floor, "floor", "", "the floor server's binary")
	flag.StringVar(&o.dir, "dir", os.TempDir(), "directory for sockets")
	flag.IntVar(&o.rounds, "rounds", 7, "rounds; medians are over these")
	flag.DurationVar(&o.slice, "slice", time.Second, "how long one measurement lasts")
	flag.StringVar(&o.docs, "docs", "", "directory for performance.md's figures and plots; empty: none")
	flag.BoolVar(&o.curve, "curve", false, "also what grows with connections, request size and listeners")
	flag.StringVar(&o.peer, "peer", "", "command that starts another program, with the path of its socket as last argument")
	flag.Parse()
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(max(2, runtime.NumCPU()))
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	before := loadAverage()
	p, err := startPair(o)
	if err != nil {
		return err
	}
	defer p.stop()
	var rows []row
	for _, f := range figures(o) {
		r, err := p.measure(f, o.rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		fmt.Println(r)
		rows = append(rows, r)
	}
	single, err := p.singles(o, rows[len(rows)-1])
	if err != nil {
		return err
	}
	for _, line := range single {
		fmt.Println(line)
	}
	var points []point
	if o.curve {
		if points, err = p.curve(o); err != nil {
			return err
		}
		grown, err := p.growth(o, points)
		if err != nil {
			return err
		}
		single = append(single, grown...)
	}
	machine := fmt.Sprintf("%d processors, load average %s before and %s after, %d rounds of %v.",
		runtime.NumCPU(), before, loadAverage(), o.rounds, o.slice)
	fmt.Println(machine)
	if o.docs == "" {
		return nil
	}
	return publish(o.docs, machine, rows, single, points)
}
