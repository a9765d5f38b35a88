package control

import (
	"fmt"
	"strings"
	"time"
)

// Health is the judgement over a Report, in the order of a monitoring plug-in's
// exit codes.
type Health int

// The states of health. Unknown is egdquery's own: nobody answered.
const (
	OK Health = iota
	Degraded
	Critical
	Unknown
)

// String returns the word that health prints.
func (h Health) String() string { return [...]string{"ok", "degraded", "critical", "unknown"}[h] }

const (
	unseededTooLong = time.Minute      // no first seed is critical from here on
	reseedOverdue   = 25 * time.Minute // two periods of 600 s and a back-off
	saveOverdue     = 2 * time.Hour    // saves are hourly
	refusalsMatter  = 10 * time.Minute
)

// Health judges r at r.Now and gives the reasons, gravest first; none if OK.
func (r *Report) Health() (Health, []string) {
	if reasons := r.critical(); len(reasons) > 0 {
		return Critical, append(reasons, r.degraded()...)
	}
	if reasons := r.degraded(); len(reasons) > 0 {
		return Degraded, reasons
	}
	return OK, nil
}

func (r *Report) critical() (reasons []string) {
	if waited := r.unseededFor(); waited > unseededTooLong {
		reasons = append(reasons, fmt.Sprintf("not seeded for %s: %d of %d bits", span(waited), r.Generator.FirstSeedBits, r.Generator.FirstSeedRequired))
	}
	for _, c := range r.Checks {
		if c.Critical && !c.OK() {
			reasons = append(reasons, c.difference())
		}
	}
	for _, s := range r.Sources {
		if s.Needed {
			reasons = append(reasons, fmt.Sprintf("source %s is retired, and no other credited source is healthy: %s", s.Name, s.LastError))
		}
	}
	if r.Clients.Short > 0 {
		reasons = append(reasons, fmt.Sprintf("%d short replies while seeded", r.Clients.Short))
	}
	return reasons
}

func (r *Report) degraded() (reasons []string) {
	add := func(when bool, format string, a ...any) {
		if when {
			reasons = append(reasons, fmt.Sprintf(format, a...))
		}
	}
	waited := r.unseededFor()
	add(waited > 0 && waited <= unseededTooLong, "not seeded yet: %d of %d bits", r.Generator.FirstSeedBits, r.Generator.FirstSeedRequired)
	add(r.Generator.State == StateReseedRequired, "a reseed is required before the next reply")
	add(r.Generator.Unsettled != "", "%s, and no independent source of noise has answered since", r.Generator.Unsettled)
	add(r.reseedOverdue(), "reseed overdue: no credited source answers")
	for _, s := range r.Sources {
		add(s.expected() && (s.State == "failing" || s.State == "hung"), "source %s is %s: %s", s.Name, s.State, s.LastError)
		add(s.State == "retired" && !s.Needed, "source %s is retired: %s", s.Name, s.LastError)
	}
	add(r.Seed.Error != "", "seed file: %s", r.Seed.Error)
	add(r.Seed.Error == "" && older(r.Seed.LastSave, r.Now, saveOverdue), "seed file not saved for over %s", span(saveOverdue))
	for _, c := range r.Checks {
		add(!c.Critical && !c.OK(), "%s", c.difference())
	}
	if c := r.Change; c != nil {
		add(true, "%s refused: %s", c.Kind, c.Error)
	}
	for _, l := range r.Listeners {
		add(l.Error != "", "listening socket %s: %s", l.Address, l.Error)
		add(l.Missing, "listening socket %s was removed", l.Address)
	}
	for _, f := range r.Exchange {
		add(f.Error != "", "exchange file %s: %s", f.Path, f.Error)
	}
	add(r.Clients.LastRefusal != nil && !older(r.Clients.LastRefusal, r.Now, refusalsMatter), "connections were refused in the last %s", span(refusalsMatter))
	return reasons
}

// expected reports whether a source ought to count: it has a credit, and a source
// line asks for it or it has given a good sample, were it the first of its start-up
// test. What never worked otherwise is what this machine does not have.
func (s Source) expected() bool {
	line := strings.Contains(s.Name, ":") && !strings.HasPrefix(s.Name, "command:")
	return s.Credit > 0 && (line || s.Samples > 0)
}

// span writes a duration without the zeros that time.Duration has at its end: 2h, 1m1s.
func span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// difference says what was asked for and what is.
func (c Check) difference() string {
	return fmt.Sprintf("%s is %q, asked for %q", c.What, c.Is, c.Asked)
}

// unseededFor returns how long the generator has had no first seed, 0 if it has one.
func (r *Report) unseededFor() time.Duration {
	if r.Generator.State != StateUnseeded {
		return 0
	}
	return max(r.Now.Sub(r.Started).Round(time.Second), 1)
}

func (r *Report) reseedOverdue() bool {
	last := r.Generator.LastReseed
	if last == nil {
		last = r.Generator.SeededAt
	}
	return older(last, r.Now, reseedOverdue)
}

func older(t *time.Time, now time.Time, limit time.Duration) bool {
	return t != nil && now.Sub(*t) > limit
}
