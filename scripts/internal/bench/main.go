//go:build linux

// Command bench measures prngd against a server that computes nothing. Both run
// in one session, each pinned, and are asked in turns; what counts is the ratio
// of medians. See scripts/bench.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
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
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(max(2, runtime.NumCPU()))
	runtime.LockOSThread() // it is pinned, and the servers end with it
	run(o)
}

func run(o options) {
	before := loadAverage()
	b := newBench(o)
	table := tableHead
	fmt.Print(table)
	var piped row
	for _, f := range figures() {
		piped = b.row(f)
		fmt.Print(piped.line)
		table += piped.line
	}
	lines := append(b.single(piped), b.idle(5000)...)
	var points []point
	if o.curve {
		points = b.curve()
		lines = append(lines, connections(points), b.sizes(), b.listeners())
	}
	fmt.Println(strings.Join(lines, "\n"))
	machine := fmt.Sprintf("%d processors, load average %s before and %s after, %d rounds of %v.",
		runtime.NumCPU(), before, loadAverage(), o.rounds, o.slice)
	fmt.Println(machine)
	if o.docs != "" {
		publish(o.docs, "Machine: "+machine+"\n\n"+table+"\n- "+strings.Join(lines, "\n- "))
		plots(o.docs, points)
	}
}

// publish replaces the figures in performance.md.
func publish(dir, figures string) {
	name := filepath.Join(dir, "performance.md")
	text := string(must(os.ReadFile(name)))
	ours := regexp.MustCompile(`(?s)(<!-- figures: scripts/bench writes from here -->\n).*(\n<!-- figures: to here -->)`).FindStringSubmatchIndex(text)
	if ours == nil {
		log.Fatalf("%s has no lines between which the figures stand", name)
	}
	check(os.WriteFile(name, []byte(text[:ours[3]]+"\n"+figures+"\n"+text[ours[4]:]), 0o644))
}

// loadAverage is the machine's load average of the last minute.
func loadAverage() string {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
