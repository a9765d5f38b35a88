package top

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"prngd/cmd/egdquery/internal/human"
	"prngd/internal/control"
)

// The terminal's own colours, which suit its background; every one of them
// goes with a word.
var (
	red    = lipgloss.NewStyle().Foreground(lipgloss.Color("1")).Bold(true)
	green  = lipgloss.NewStyle().Foreground(lipgloss.Color("2"))
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Color("3"))
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
)

// chrome is every line but the sources': the head, and the line of keys.
const chrome = 12

// space is how many sources fit.
func (m *Model) space() int { return max(0, m.height-chrome) }

// View implements [tea.Model]: exactly as many lines as fit, none too long.
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
		lines[i] = ansi.Truncate(line, m.width, "")
	}
	return strings.Join(lines, "\n")
}

// apart puts two texts at the ends of a line.
func (m *Model) apart(left, right string) string {
	room := m.width - lipgloss.Width(right) - 1
	left = ansi.Truncate(left, max(0, room), "")
	return left + strings.Repeat(" ", max(1, m.width-lipgloss.Width(left)-lipgloss.Width(right))) + right
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
		return []string{m.apart(bold.Render("prngd"), right), reasonLine(reasons), "", "", ""}
	}
	r := m.report
	title := fmt.Sprintf("%s  pid %d  up %s", bold.Render(r.Program), r.PID, human.Span(r.Now.Sub(r.Started)))
	if m.last.Report == nil {
		title = bold.Render(r.Program) + fmt.Sprintf("  pid %d  does not answer", r.PID)
	}
	lines := []string{m.apart(title, right), reasonLine(reasons), gateLine(r), clientLine(r), ""}
	return append(lines, m.sparks()...)
}

func judgement(h control.Health) string {
	style := map[control.Health]lipgloss.Style{control.OK: green, control.Degraded: yellow}
	s, known := style[h]
	if !known {
		s = red
	}
	return s.Reverse(true).Render(" " + strings.ToUpper(h.String()) + " ")
}

func reasonLine(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	text := "! " + oneLine(reasons[0])
	if more := len(reasons) - 1; more > 0 {
		text = fmt.Sprintf("! (1 of %d) %s", more+1, oneLine(reasons[0]))
	}
	return yellow.Render(text)
}

// oneLine makes others' text harmless: no line ends, no escape sequences.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func gateLine(r *control.Report) string {
	g := &r.Generator
	if g.State == "shut" {
		return fmt.Sprintf("gate shut: %d of %d bits", g.GateBits, g.GateNeeds)
	}
	last := g.LastReseed
	if last == nil {
		last = g.SeededAt
	}
	seed := "no seed file"
	if r.Seed.Path != "" {
		seed = "seed saved " + human.Ago(r.Seed.LastSave, r.Now)
	}
	return fmt.Sprintf("gate %s  reseeded %s (%d)  stirs %s  %s", g.State, human.Ago(last, r.Now), g.Reseeds, human.Number(float64(g.Stirs)), seed)
}

func clientLine(r *control.Report) string {
	c := &r.Clients
	var refused uint64
	for _, n := range c.Refused {
		refused += n
	}
	return fmt.Sprintf("clients %s of %s ever  sent %s  short %d  empty %d  refused %d", human.Number(float64(c.Now)),
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
	return faint.Render(text)
}

// table is the sources from offset on, under their heading.
func (m *Model) table() []string {
	if m.report == nil {
		return nil
	}
	name := min(max(20, m.width-58), 40)
	lines := []string{"", faint.Render(fmt.Sprintf("%-*s %-8s %6s %7s %8s %6s  %s", name, "SOURCE", "STATE", "EVERY", "SAMPLES", "BITS", "ERRORS", "LAST"))}
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
	case s.State == "failing" || s.State == "hung":
		return 0
	}
	return 2
}

func (s *row) line(name int, now, looked time.Time) string {
	state, style := s.State, lipgloss.NewStyle()
	switch {
	case !s.went.IsZero():
		state, style = "gone", faint
	case s.rank() == 0:
		style = red
	case !s.came.IsZero() && looked.Sub(s.came) < newsFor:
		state, style = "new", yellow
	case s.State == "healthy":
		style = green
	}
	every := "-"
	if s.Every > 0 {
		every = human.Span(time.Duration(s.Every * float64(time.Second)))
	}
	cell := ansi.Truncate(oneLine(s.Name), name, "~")
	cell += strings.Repeat(" ", max(0, name-lipgloss.Width(cell)))
	text := fmt.Sprintf("%s %s %6s %7s %8s %6s  %s", cell, style.Render(fmt.Sprintf("%-8s", state)), every,
		human.Number(float64(s.Samples)), human.Number(float64(s.Bits)), human.Number(float64(s.Errors)), human.Ago(s.LastSample, now))
	return text
}
