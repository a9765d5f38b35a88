// Package top shows how a daemon goes, live on a terminal or line by line.
package top

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

const (
	remembered = 512              // samples, more than a terminal is wide
	newsFor    = 30 * time.Second // a source that came or went is marked
)

// Model is the live screen. It takes samples as messages, see [Show].
type Model struct {
	width, height int
	offset        int // rows of sources scrolled away
	paused        bool
	ascii         bool // the terminal knows no block characters

	trace  []tick
	last   watch.Sample    // the newest, with a report or without
	report *control.Report // the newest there was
	rows   []row
}

// tick is what the sparklines draw; negative is not known.
type tick struct{ requests, sent, latency, clients float64 }

// row is a source and its coming and going.
type row struct {
	control.Source
	came, went time.Time // zero: was there from the start; is there
}

// New returns a screen of 80x24 until the terminal says what it is.
func New(ascii bool) *Model { return &Model{width: 80, height: 24, ascii: ascii} }

// Show is the message that brings a sample.
type Show watch.Sample

// Init implements [tea.Model].
func (m *Model) Init() tea.Cmd { return nil }

// Update implements [tea.Model].
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case Show:
		if !m.paused {
			m.take(watch.Sample(msg))
		}
	case tea.KeyMsg:
		return m, m.press(msg.String())
	}
	m.offset = max(0, min(m.offset, len(m.rows)-m.space()))
	return m, nil
}

func (m *Model) press(key string) tea.Cmd {
	switch key {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "p", " ":
		m.paused = !m.paused
	case "up", "k":
		m.offset--
	case "down", "j":
		m.offset++
	case "pgup":
		m.offset -= m.space()
	case "pgdown":
		m.offset += m.space()
	case "home":
		m.offset = 0
	case "end":
		m.offset = len(m.rows)
	}
	m.offset = max(0, min(m.offset, len(m.rows)-m.space()))
	return nil
}

func (m *Model) take(s watch.Sample) {
	t := tick{-1, -1, -1, -1}
	if rates, ok := watch.Between(&m.last, &s); ok {
		t.requests, t.sent = rates.Requests, rates.Bytes
	}
	if s.LatencyErr == nil {
		t.latency = s.Latency.Seconds()
	}
	if s.Report != nil {
		t.clients = float64(s.Report.Clients.Now)
		m.takeSources(s.Report, s.Time)
		m.report = s.Report
	}
	m.last = s
	m.trace = append(m.trace, t)
	if len(m.trace) > remembered {
		m.trace = m.trace[1:]
	}
}

// takeSources keeps who has gone in his place for a while. A daemon that began
// anew begins anew here.
func (m *Model) takeSources(r *control.Report, now time.Time) {
	fresh := m.report == nil || !m.report.Started.Equal(r.Started)
	if fresh {
		m.rows = nil
	}
	present := map[string]control.Source{}
	for _, s := range r.Sources {
		present[s.Name] = s
	}
	var rows []row
	for _, old := range m.rows {
		s, there := present[old.Name]
		switch {
		case there:
			old.Source, old.went = s, time.Time{}
		case old.went.IsZero():
			old.went = now
		case now.Sub(old.went) > newsFor:
			continue
		}
		delete(present, old.Name)
		rows = append(rows, old)
	}
	for _, s := range r.Sources {
		if _, unknown := present[s.Name]; !unknown {
			continue
		}
		delete(present, s.Name)
		added := row{Source: s}
		if !fresh {
			added.came = now
		}
		rows = append(rows, added)
	}
	m.rows = rows
}
