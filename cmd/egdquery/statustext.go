package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"prngd/cmd/egdquery/internal/human"
	"prngd/internal/control"
)

// writeStatus writes one screen: a line for each thing an admin asks about,
// the sources as a table, and what is wrong.
func writeStatus(out io.Writer, r *control.Report, health control.Health, reasons []string) error {
	fmt.Fprintf(out, "%s, pid %d, uid %d, up %s: %s\n", r.Program, r.PID, r.UID, human.Span(r.Now.Sub(r.Started)), strings.ToUpper(health.String()))
	for _, reason := range reasons {
		fmt.Fprintf(out, "  ! %s\n", reason)
	}
	for _, l := range statusLines(r) {
		if l.text != "" {
			fmt.Fprintf(out, "%-10s %s\n", l.name, l.text)
		}
	}
	if err := writeSources(out, r); err != nil {
		return err
	}
	for i, line := range r.Log {
		if i == 0 {
			fmt.Fprintln(out, "\nlast warnings")
		}
		fmt.Fprintf(out, "  %s\n", human.Warning(line, r.Now))
	}
	return nil
}

type statusLine struct{ name, text string }

func statusLines(r *control.Report) []statusLine {
	g, c := &r.Generator, &r.Clients
	lines := []statusLine{
		{"state", stateText(r)},
		{"generator", fmt.Sprintf("%d reseeds, last %s; %d stirs; %d requests, %s; kernel RNG %s", g.Reseeds,
			human.Ago(g.LastReseed, r.Now), g.Stirs, g.Generates, human.Size(float64(g.Bytes)), yes(g.Kernel))},
		{"events", nonZero(count{"clones", g.Clones}, count{"clock jumps", g.ClockJumps}, count{"upgrades", r.Process.Upgrades})},
		{"memory", prefixed("not protected: ", g.Unprotected)},
		{"checks", checksText(r.Checks)},
		{"change", changeText(r)},
		{"seed", seedText(r)},
	}
	for _, f := range r.Exchange {
		lines = append(lines, statusLine{"exchange", exchangeText(f, r.Now)})
	}
	lines = append(lines,
		statusLine{"listening", listenText(r.Listeners)},
		statusLine{"clients", fmt.Sprintf("%d now, %d admitted; %s sent; %d short replies, %d empty while unseeded", c.Now, c.Ever,
			human.Size(float64(c.BytesOut)), c.Short, c.Empty)},
		statusLine{"requests", counts(c.Requests)},
		statusLine{"refused", nonZero(sorted(c.Refused)...)},
		statusLine{"odd", nonZero(count{"unknown commands", c.Unknown}, count{"partial requests", c.Partial},
			count{"time-outs", c.Timeouts}, count{"credit denied", c.CreditDenied})},
		statusLine{"config", configText(&r.Config)},
		statusLine{"pending", prefixed("a restart is needed for ", r.Config.Pending)},
		statusLine{"sandbox", sandboxText(&r.Process)},
	)
	return lines
}

func stateText(r *control.Report) string {
	g := &r.Generator
	if g.State == control.StateUnseeded {
		return fmt.Sprintf("unseeded: %d of %d bits", g.FirstSeedBits, g.FirstSeedRequired)
	}
	text := human.State(g.State)
	if g.SeededAt != nil {
		text += fmt.Sprintf(" %s, after %s", human.Ago(g.SeededAt, r.Now), human.Span(time.Duration(g.SeedSeconds*float64(time.Second))))
	}
	if len(g.SeededBy) > 0 {
		text += " by " + strings.Join(g.SeededBy, ", ")
	}
	return text
}

func seedText(r *control.Report) string {
	s := &r.Seed
	if s.Path == "" {
		if s.Error != "" {
			return "no file: " + s.Error
		}
		return "no file is kept"
	}
	text := fmt.Sprintf("%s, saved %s", s.Path, human.Ago(s.LastSave, r.Now))
	if s.Creditable {
		text += ", creditable"
	}
	if s.Loaded != "" {
		text += fmt.Sprintf("; loaded %s, %d bits", s.Loaded, s.Bits)
	}
	if s.Error != "" {
		text += "; " + s.Error
	}
	return text
}

func exchangeText(f control.File, now time.Time) string {
	text := fmt.Sprintf("%s: %d cycles, %d skipped, last %s", f.Path, f.Cycles, f.Skipped, human.Ago(f.LastStir, now))
	if f.Error != "" {
		text += "; " + f.Error
	}
	return text
}

func listenText(sockets []control.Socket) string {
	var list []string
	for _, s := range sockets {
		switch {
		case s.Error != "":
			s.Address += " (" + s.Error + ")"
		case s.Missing:
			s.Address += " (removed)"
		}
		list = append(list, s.Address)
	}
	return cmp.Or(strings.Join(list, ", "), "nowhere")
}

// checksText says how many checks there are, and which fail.
func checksText(checks []control.Check) string {
	var failing []string
	for _, c := range checks {
		if !c.OK() {
			failing = append(failing, fmt.Sprintf("%s is %s, asked for %s", c.What, c.Is, c.Asked))
		}
	}
	switch {
	case len(checks) == 0:
		return ""
	case len(failing) == 0:
		return fmt.Sprintf("%d, all as asked for", len(checks))
	}
	return strings.Join(failing, "; ")
}

// changeText is the reload or the upgrade that was refused last.
func changeText(r *control.Report) string {
	if r.Change == nil {
		return ""
	}
	hope := "it may work later"
	if r.Change.Status == exitConfig {
		hope = "it can never work"
	}
	return fmt.Sprintf("%s refused %s: %s (%s)", r.Change.Kind, human.Ago(&r.Change.At, r.Now), r.Change.Error, hope)
}

func configText(c *control.Config) string {
	text := fmt.Sprintf("%s, %d commands", cmp.Or(c.Path, "none"), c.Commands)
	if odd := nonZero(count{"undef", uint64(c.Undef)}, count{"rejected", uint64(c.Rejected)}); odd != "" {
		text += ", " + odd
	}
	return text
}

func sandboxText(p *control.Process) string {
	text := cmp.Or(strings.Join(p.Sandbox, ", "), "none")
	if len(p.Missing) > 0 {
		text += "; missing: " + strings.Join(p.Missing, ", ")
	}
	return text
}

type count struct {
	name string
	n    uint64
}

func sorted(m map[string]uint64) (list []count) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, count{name, m[name]})
	}
	return list
}

func counts(m map[string]uint64) string {
	var list []string
	for _, c := range sorted(m) {
		list = append(list, fmt.Sprintf("%s %d", c.name, c.n))
	}
	return cmp.Or(strings.Join(list, ", "), "none")
}

// nonZero lists what happened at all.
func nonZero(list ...count) string {
	var text []string
	for _, c := range list {
		if c.n > 0 {
			text = append(text, fmt.Sprintf("%s %d", c.name, c.n))
		}
	}
	return strings.Join(text, ", ")
}

func prefixed(prefix string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return prefix + strings.Join(list, ", ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
