//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// verdict prints the figures of a run and returns what was wrong.
func (d *daemon) verdict(a *admin, w *watcher) (problems []string) {
	problems = append(problems, d.tally.report(d.late)...)
	repeats := d.blocks.count()
	fmt.Printf("16-byte blocks: %d seen, 1 in %d compared, %d repeats\n", d.blocks.seen, d.blocks.every, repeats)
	if repeats > 0 {
		problems = append(problems, fmt.Sprintf("%d blocks of output came twice", repeats))
	}
	problems = append(problems, a.verdict()...)
	problems = append(problems, w.grown()...)
	return append(problems, w.counted()...)
}

// verdict on what the admin asked for.
func (a *admin) verdict() []string {
	fmt.Print("chores:")
	for _, name := range slices.Sorted(maps.Keys(a.done)) {
		fmt.Printf(" %s %d", name, a.done[name])
	}
	fmt.Printf("; %d programs took over\n", a.upgraded)
	failed := a.failed
	if a.upgraded == 0 {
		failed = append(failed, "there was no upgrade")
	}
	return failed
}

// grown prints what became of the daemon in the steady part, and returns what grew.
func (w *watcher) grown() (problems []string) {
	for i, g := range gauges {
		minutes, figures := w.series(i)
		if len(figures) < 8 {
			return append(problems, fmt.Sprintf("only %d samples of the steady part: too short a run", len(figures)))
		}
		second, last := growth(figures)
		fmt.Printf("%-27s %8.2f -> %8.2f %-3s  %s a minute\n", g.name, second, last, g.unit, trendOf(minutes, figures))
		if g.bound > 0 && !(last-second <= g.bound) {
			problems = append(problems, fmt.Sprintf("%s grew from %.2f to %.2f %s, over %g", g.name, second, last, g.unit, g.bound))
		}
	}
	return problems
}

// counted prints what the daemon says of itself: who it is, and that there were
// attacks; and returns what it should not say.
func (w *watcher) counted() (problems []string) {
	c, p := w.report.Clients, w.report.Process
	fmt.Printf("the daemon: uid %d, %s\n", w.report.UID, strings.Join(p.Sandbox, ", "))
	fmt.Printf("it counts: %d connections, %d time-outs, %d unknown commands, %d cut short, %d claims of credit denied, refused %v\n",
		c.Ever, c.Timeouts, c.Unknown, c.Partial, c.CreditDenied, c.Refused)
	if c.Short > 0 || c.Empty > 0 {
		problems = append(problems, fmt.Sprintf("the daemon counts %d short and %d empty replies", c.Short, c.Empty))
	}
	if c.Unknown == 0 || c.Partial == 0 || c.Timeouts == 0 && w.length > 45*time.Second {
		problems = append(problems, "the attackers were not at work")
	}
	return problems
}
