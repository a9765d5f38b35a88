//go:build linux

// Command hostile starts a daemon, attacks it in every way of attacks.go, and
// tells what a well-behaved client saw meanwhile. It ends with status 1 if a
// reply was short, empty, wrong or missing, a connection was closed that must
// stay, or the daemon took more than it may. How long replies took is told and
// not judged: that is the machine's affair as well.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"time"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("hostile: ")
	p := plan{}
	flag.StringVar(&p.prngd, "prngd", "", "`PATH` of the daemon")
	flag.StringVar(&p.dir, "dir", "", "`DIR` for its files; every uid must be able to pass through")
	flag.StringVar(&p.cgroup, "cgroup", "", "`DIR` of a memory cgroup with a limit, for the attack that wants one")
	seconds := flag.Float64("seconds", 3, "how long each attack is watched: `N`")
	flag.IntVar(&p.nice, "nice", 10, "run the attackers at this `LEVEL`: they are many threads, and systems with groups of processes give a user no more for that")
	list := flag.Bool("list", false, "say what there is")
	child := flag.String("child", "", "for the program itself: what a process of its own does")
	flag.Parse()
	runtime.LockOSThread() // our children are to die with us, and that goes by thread
	p.seconds = time.Duration(*seconds * float64(time.Second))
	switch {
	case *child != "":
		beChild(*child, flag.Args())
	case *list:
		for _, a := range attacks {
			fmt.Printf("%-12s %s\n", a.name, a.about)
		}
	case !p.run(chosen(flag.Args())):
		os.Exit(1)
	}
}

// chosen returns the attacks of these names, all of them for none.
func chosen(names []string) (list []attack) {
	if len(names) == 0 {
		return attacks
	}
	for _, name := range names {
		i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })
		if i < 0 {
			log.Fatalf("no attack %q: -list shows them", name)
		}
		list = append(list, attacks[i])
	}
	return list
}

// plan is what all attacks share.
type plan struct {
	prngd, dir, cgroup string
	seconds            time.Duration
	nice               int
}

// run makes one attack after another, each on a daemon of its own.
func (p plan) run(list []attack) (well bool) {
	fmt.Println(header)
	well = true
	for _, a := range list {
		if why := p.cannot(a); why != "" {
			fmt.Printf("%-12s skipped: %s\n", a.name, why)
			continue
		}
		s, err := p.make(a)
		if err != nil {
			well = false
			fmt.Printf("%-12s WRONG: %v\n", a.name, err)
			continue
		}
		fmt.Println(s)
		for _, wrong := range s.judge() {
			well = false
			fmt.Printf("%-12s WRONG: %s\n", "", wrong)
		}
	}
	return well
}

// cannot says why an attack cannot be made here, or nothing.
func (p plan) cannot(a attack) string {
	switch {
	case a.users && os.Getuid() != 0:
		return "needs root, to come as several users"
	case a.cgroup && p.cgroup == "":
		return "needs a memory cgroup"
	}
	return ""
}

// make makes one attack.
func (p plan) make(a attack) (s sight, err error) {
	s.attack = a
	d, err := p.start(a)
	if err != nil {
		return s, err
	}
	defer d.stop()
	client, err := d.child(0, "client", p.seconds.String())
	if err != nil {
		return s, err
	}
	defer client.kill()
	if s.before, err = d.look(); err != nil {
		return s, err
	}
	attacker, err := d.child(p.nice, "attack", a.name)
	if err != nil {
		return s, err
	}
	defer attacker.kill()
	if s.under, err = d.look(); err != nil {
		return s, err
	}
	if err = client.end(&s.client); err != nil {
		return s, err
	}
	slices.Sort(s.client.Took)
	if s.after, err = d.look(); err != nil {
		return s, err
	}
	return s, attacker.end(&s.result)
}
