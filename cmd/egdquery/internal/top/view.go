package top

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"prngd/cmd/egdquery/internal/human"
	"prngd/internal/control"
)

// chrome is every line but the sources': the head, and the line of keys.
const chrome = 12

// space is how many sources fit.
func (m *Model) space() int { return max(0, m.height-chrome) }

// View returns exactly as many lines as fit, none too long.
func (m *Model) View() string {
	lines := append(m.head(), m.table()...)
	if len(lines) > m.height-1 {
		lines = lines[:max(0, m.height-1)]
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines, m.keys())
	for i, line := range lines {
		lines[i] = cut(line, m.width)
	}
	return strings.Join(lines, "\n")
}

// apart puts two texts at the ends of a line.
func (m *Model) apart(left, right string) string {
	left = cut(left, m.width-width(right)-1)
	return left + strings.Repeat(" ", max(1, m.width-width(left)-width(right))) + right
}

func (m *Model) head() []string {
	health, reasons := control.Unknown, []string{"asking"}
	if m.last.Report != nil || m.last.Err != nil {
		health, reasons = m.last.Health()
	}
	right := judgement(health)
	if !m.last.Time.IsZero() {
		right += "  " + m.last.Time.Format(time.TimeOnly)
	}
	if m.report == nil {
		return []string{m.apart(bold.write("prngd"), right), reasonLine(reasons), "", "", ""}
	}
	r := m.report
	title := fmt.Sprintf("%s  pid %d  up %s", bold.write(r.Program), r.PID, human.Span(r.Now.Sub(r.Started)))
	if m.last.Report == nil {
		title = bold.write(r.Program) + fmt.Sprintf("  pid %d  does not answer", r.PID)
	}
	lines := []string{m.apart(title, right), reasonLine(reasons), stateLine(r), clientLine(r, m.last.Clients()), ""}
	return append(lines, m.sparks()...)
}

func judgement(h control.Health) string {
	s, known := map[control.Health]style{control.OK: green, control.Degraded: yellow}[h]
	if !known {
		s = red
	}
	return (reverse + s).write(" " + strings.ToUpper(h.String()) + " ")
}

func reasonLine(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	text := "! " + reasons[0]
	if more := len(reasons) - 1; more > 0 {
		text = fmt.Sprintf("! (1 of %d) %s", more+1, reasons[0])
	}
	return yellow.write(text)
}

func stateLine(r *control.Report) string {
	g := &r.Generator
	if g.State == control.StateUnseeded {
		return fmt.Sprintf("unseeded: %d of %d bits", g.FirstSeedBits, g.FirstSeedRequired)
	}
	last := g.LastReseed
	if last == nil {
		last = g.SeededAt
	}
	seed := "no seed file"
	if r.Seed.Path != "" {
		seed = "seed saved " + human.Ago(r.Seed.LastSave, r.Now)
	}
	return fmt.Sprintf("%s  reseeded %s (%d)  stirs %s  %s", human.State(g.State), human.Ago(last, r.Now), g.Reseeds, human.Number(float64(g.Stirs)), seed)
}

func clientLine(r *control.Report, now int64) string {
	c := &r.Clients
	var refused uint64
	for _, n := range c.Refused {
		refused += n
	}
	return fmt.Sprintf("clients %s of %s admitted  sent %s  short %d  empty %d  refused %d", human.Number(float64(now)),
		human.Number(float64(c.Ever)), human.Size(float64(c.BytesOut)), c.Short, c.Empty, refused)
}

func (m *Model) keys() string {
	text := "q quit  p pause  up/down scroll"
	if m.paused {
		text = "PAUSED  " + text
	}
	if below := len(m.rows) - m.offset - m.space(); below > 0 {
		text += fmt.Sprintf("  (%d more below)", below)
	}
	return faint.write(text)
}

// table is the sources from offset on, under their heading.
func (m *Model) table() []string {
	if m.report == nil {
		return nil
	}
	name := min(max(20, m.width-58), 40)
	lines := []string{"", faint.write(fmt.Sprintf("%-*s %-8s %6s %7s %8s %6s  %s", name, "SOURCE", "STATE", "EVERY", "SAMPLES", "BITS", "ERRORS", "LAST"))}
	rows := slices.SortedStableFunc(slices.Values(m.rows), func(a, b row) int { return a.rank() - b.rank() })
	from := min(m.offset, len(rows))
	for _, s := range rows[from:min(len(rows), from+m.space())] {
		lines = append(lines, s.line(name, m.report.Now, m.last.Time))
	}
	return lines
}

// rank puts what fails or has gone where it is seen without scrolling.
func (s *row) rank() int {
	switch {
	case !s.went.IsZero():
		return 1
	case s.Troubled():
		return 0
	}
	return 2
}

func (s *row) line(name int, now, looked time.Time) string {
	state, look := s.State, plain
	switch {
	case !s.went.IsZero():
		state, look = "gone", faint
	case s.rank() == 0:
		look = red
	case !s.came.IsZero() && looked.Sub(s.came) < newsFor:
		state, look = "new", yellow
	case s.State == "healthy":
		look = green
	}
	every := "-"
	if s.Every > 0 {
		every = human.Span(time.Duration(s.Every * float64(time.Second)))
	}
	cell := cut(s.Name, name)
	cell += strings.Repeat(" ", max(0, name-width(cell)))
	text := fmt.Sprintf("%s %s %6s %7s %8s %6s  %s", cell, look.write(fmt.Sprintf("%-8s", state)), every,
		human.Number(float64(s.Samples)), human.Number(float64(s.Bits)), human.Number(float64(s.Errors)), human.Ago(s.LastSample, now))
	return text
}
