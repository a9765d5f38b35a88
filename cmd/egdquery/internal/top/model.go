// Package top shows the state of a daemon, live on a terminal or line by line.
package top

import (
	"time"

	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

const (
	remembered = 512              // samples, more than a terminal is wide
	newsFor    = 30 * time.Second // a source that came or went is marked
)

// Model is the live screen. Its methods are not safe for concurrent use.
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

// Resize tells the screen its size in characters.
func (m *Model) Resize(width, height int) {
	m.width, m.height = width, height
	m.scroll(0)
}

// Show takes a sample, unless the screen is paused.
func (m *Model) Show(s watch.Sample) {
	if !m.paused {
		m.take(s)
	}
	m.scroll(0)
}

// Press takes one key as a terminal sends it and reports whether it ends the
// program.
func (m *Model) Press(key string) (quit bool) {
	switch key {
	case "q", "\x1b", "\x03": // escape, control-C
		return true
	case "p", " ":
		m.paused = !m.paused
	case "\x1b[A", "\x1bOA", "k":
		m.scroll(-1)
	case "\x1b[B", "\x1bOB", "j":
		m.scroll(1)
	case "\x1b[5~":
		m.scroll(-m.space())
	case "\x1b[6~":
		m.scroll(m.space())
	case "\x1b[H", "\x1bOH", "\x1b[1~":
		m.scroll(-len(m.rows))
	case "\x1b[F", "\x1bOF", "\x1b[4~":
		m.scroll(len(m.rows))
	}
	return false
}

// scroll moves the sources by so many rows, within what there is.
func (m *Model) scroll(rows int) {
	m.offset = max(0, min(m.offset+rows, len(m.rows)-m.space()))
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
		t.clients = float64(s.Clients())
		m.takeSources(s.Report, s.Time)
		m.report = s.Report
	}
	m.last = s
	m.trace = append(m.trace, t)
	if len(m.trace) > remembered {
		m.trace = m.trace[1:]
	}
}

// takeSources keeps a source that has gone in its place for a while. After a
// restart of the daemon all begins again.
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
