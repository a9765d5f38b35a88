package top

import (
	"fmt"
	"io"
	"strings"
	"time"

	"prngd/cmd/egdquery/internal/human"
	"prngd/cmd/egdquery/internal/watch"
)

// headEvery is after how many lines their heading is said again.
const headEvery = 20

// Plain writes a line for each sample, for output that is no terminal.
type Plain struct {
	w     io.Writer
	lines int
	last  watch.Sample
}

// NewPlain returns one that writes to w.
func NewPlain(w io.Writer) *Plain { return &Plain{w: w} }

// Take writes one line.
func (p *Plain) Take(s watch.Sample) error {
	if p.lines%headEvery == 0 {
		if _, err := fmt.Fprintf(p.w, "%-8s %-8s %-15s %7s %9s %12s %9s %8s\n",
			"TIME", "HEALTH", "STATE", "CLIENTS", "REQUEST/S", "SENT/S", "LATENCY", "SOURCES"); err != nil {
			return err
		}
	}
	p.lines++
	health, reasons := s.Health()
	state, clients, sources := "-", "-", "-"
	if r := s.Report; r != nil {
		well, all := 0, 0 // of those that are to give samples
		for _, source := range r.Sources {
			switch {
			case source.State == "healthy":
				well++
				all++
			case source.State == "waiting", source.State == "testing", source.Troubled():
				all++
			}
		}
		state, clients, sources = r.Generator.State, human.Number(float64(s.Clients())), fmt.Sprintf("%d/%d", well, all)
	}
	requests, sent, latency := "-", "-", "-"
	if rates, ok := watch.Between(&p.last, &s); ok {
		requests, sent = human.Number(rates.Requests), human.Size(rates.Bytes)
	}
	if s.LatencyErr == nil {
		latency = human.Span(s.Latency)
	}
	p.last = s
	line := fmt.Sprintf("%-8s %-8s %-15s %7s %9s %12s %9s %8s  %s", s.Time.Format(time.TimeOnly), health, state, clients,
		requests, sent, latency, sources, strings.Join(reasons, "; "))
	_, err := fmt.Fprintln(p.w, strings.TrimRight(line, " "))
	return err
}
