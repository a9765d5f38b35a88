//go:build linux

package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"prngd/test/harness"
)

// verdict logs the figures of a run and returns what was wrong.
func (d *run) verdict(a *admin, w *watcher) (problems []string) {
	d.t.Logf("by kind of client:\n%s", d.crowd.Tally)
	harness.Figure(d.t, "%s", d.crowd.Tally.Line("all"))
	harness.Figure(d.t, "%s", d.crowd.Tally.Line("naps"))
	harness.Figure(d.t, "%v", d.crowd.Blocks)
	problems = append(problems, d.crowd.Tally.Problems(*late)...)
	if n := d.crowd.Blocks.Repeats(); n > 0 {
		problems = append(problems, fmt.Sprintf("%d blocks of output came twice", n))
	}
	problems = append(problems, a.verdict()...)
	problems = append(problems, w.grown()...)
	return append(problems, w.counted()...)
}

// verdict on what the admin asked for.
func (a *admin) verdict() []string {
	var chores []string
	for _, name := range slices.Sorted(maps.Keys(a.done)) {
		chores = append(chores, fmt.Sprintf("%s %d", name, a.done[name]))
	}
	harness.Figure(a.t, "chores: %s; %d programs took over", strings.Join(chores, ", "), a.upgraded)
	failed := a.failed
	if a.upgraded == 0 {
		failed = append(failed, "there was no upgrade")
	}
	return failed
}

// grown logs what became of the daemon in the steady part, and returns what grew.
func (w *watcher) grown() (problems []string) {
	for i, g := range gauges {
		minutes, figures := w.series(i)
		if len(figures) < 8 {
			return append(problems, fmt.Sprintf("only %d samples of the steady part: too short a run", len(figures)))
		}
		second, last := growth(figures)
		w.logf("%-27s %8.2f -> %8.2f %-3s  %s a minute", g.name, second, last, g.unit, trendOf(minutes, figures))
		if g.bound > 0 && !(last-second <= g.bound) {
			problems = append(problems, fmt.Sprintf("%s grew from %.2f to %.2f %s, over %g", g.name, second, last, g.unit, g.bound))
		}
	}
	return problems
}

// counted logs what the daemon says of itself: its user, and that there were attacks; and returns what it should
// not say.
func (w *watcher) counted() (problems []string) {
	c, p := w.report.Clients, w.report.Process
	w.logf("the daemon: uid %d, %s", w.report.UID, strings.Join(p.Sandbox, ", "))
	w.logf("it counts: %d connections, %d time-outs, %d unknown commands, %d cut short, %d claims of credit denied, refused %v",
		c.Ever, c.Timeouts, c.Unknown, c.Partial, c.CreditDenied, c.Refused)
	if c.Short > 0 || c.Empty > 0 {
		problems = append(problems, fmt.Sprintf("the daemon counts %d short and %d empty replies", c.Short, c.Empty))
	}
	if c.Unknown == 0 || c.Partial == 0 || c.Timeouts == 0 && w.length > 45*time.Second {
		problems = append(problems, "the attackers were not at work")
	}
	return problems
}
