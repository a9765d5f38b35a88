//go:build linux

// Command soak keeps one daemon under a mixed load for a given time: a thousand
// clients of all kinds, attackers among them, while its admin upgrades, reloads,
// saves and reseeds, and its sources fail, hang and recover. It ends with status
// 1 if a well-behaved client was wronged, a block of output came twice, or the
// daemon grew. See scripts/soak.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"
)

// options are the flags.
type options struct {
	dir, tcp, egdquery string
	pid, clients       int
	length, late       time.Duration
	seed               uint64
	plot               string
}

func main() {
	var o options
	flag.StringVar(&o.dir, "dir", "", "`DIRECTORY` that scripts/soak has prepared")
	flag.StringVar(&o.tcp, "tcp", "", "`ADDRESS` of the daemon's TCP listener, as net.Dial takes it")
	flag.StringVar(&o.egdquery, "egdquery", "", "`PROGRAM` that stirs the exchange file")
	flag.IntVar(&o.pid, "pid", 0, "the daemon's process `ID`")
	flag.IntVar(&o.clients, "clients", 1000, "how many clients: `N`")
	flag.DurationVar(&o.length, "for", time.Minute, "how long the load lasts")
	flag.DurationVar(&o.late, "late", time.Second, "a reply that takes longer is a failure")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "`NUMBER` that the clients' moods come from")
	flag.StringVar(&o.plot, "plot", "", "`FILE` for the plot, SVG")
	flag.Parse()
	problems, err := soak(o)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, p := range problems {
		fmt.Println("WRONG:", p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// The parts of a run. Upgrades replace the whole program, and would hide what it
// leaks: so the rest of the run goes without, but for one at its end.
const (
	changing = 0.4 // upgrades among everything else
	settling = 0.5 // from here on it has to be steady

	lastUpgrade = 5 * time.Second // before the end
)

// soak is the run. What it returns is wrong with the daemon, and why it could not
// go on.
func soak(o options) (problems []string, err error) {
	fmt.Printf("%d clients for %v, seed %d\n", o.clients, o.length, o.seed)
	d := &daemon{options: o, tally: newTally(), blocks: newBlocks(8 << 20)}
	upstream, err := d.serveUpstream()
	if err != nil {
		return nil, err
	}
	defer upstream.Close()
	w := newWatcher(d)
	before, err := w.settled()
	if err != nil {
		return nil, err
	}
	load, lift := context.WithCancel(context.Background())
	defer lift()
	crowd := d.startCrowd(load, rand.New(rand.NewPCG(o.seed, 1)))
	admin := newAdmin(d, rand.New(rand.NewPCG(o.seed, 2)))
	w.begin()
	if err := admin.work(o.length, w); err != nil {
		return nil, err
	}
	lift()
	crowd.Wait()
	after, err := w.returned(before)
	if err != nil {
		return nil, err
	}
	problems = d.verdict(admin, w)
	return append(problems, before.left(after)...), w.draw(o.plot)
}
