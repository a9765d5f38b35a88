//go:build linux

package hostile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"prngd/internal/control"
)

// sight is all that was seen of one attack.
type sight struct {
	attack
	result
	client               tally
	before, under, after view // before it, when it stood, and at its end
}

const header = "attack       requests  p50 ms  p99 ms  max ms  10 ms  failures  RSS KiB, processor  what was done | what the daemon did"

func (s sight) String() string {
	within := "held"
	if s.client.at(0.99) > goal {
		within = "MISSED"
	}
	return fmt.Sprintf("%-12s %8d %7.2f %7.2f %7.1f %6s  %-8s  %d-%d, %2.0f%%  %s | %s", s.name, len(s.client.Took),
		ms(s.client.at(0.5)), ms(s.client.at(0.99)), ms(s.client.at(1)), within, s.client.failures(),
		s.before.rss, s.after.rss, 100*s.busy(), s.done(), s.did())
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

// busy is the share of one processor that the daemon took, with all its clients.
func (s sight) busy() float64 {
	return (s.after.cpu - s.under.cpu).Seconds() / s.after.at.Sub(s.under.at).Seconds()
}

// done is the load: numbers, and numbers a second for what ends in "/s".
func (s sight) done() string {
	var list []string
	for _, what := range slices.Sorted(maps.Keys(s.Load)) {
		n := float64(s.Load[what])
		if strings.HasSuffix(what, "/s") {
			n /= max(s.Seconds, 0.001)
		}
		list = append(list, fmt.Sprintf("%.0f %s", n, what))
	}
	return strings.Join(list, ", ")
}

// did is what status counted meanwhile.
func (s sight) did() string {
	was, is := s.before.Clients, s.after.Clients
	var list []string
	add := func(n uint64, what string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(uint64(is.Now), "connected")
	for _, why := range slices.Sorted(maps.Keys(is.Refused)) {
		add(is.Refused[why]-was.Refused[why], "refused for their "+why)
	}
	add(is.Timeouts-was.Timeouts, "timed out")
	add(is.Partial-was.Partial, "left inside a request")
	add(is.Unknown-was.Unknown, "unknown commands")
	add(is.CreditDenied-was.CreditDenied, "writes not credited")
	return strings.Join(list, ", ")
}

// judge says what must not have been.
func (s sight) judge() (wrong []string) {
	if len(s.client.Failures) > 0 {
		wrong = append(wrong, "the well-behaved client: "+s.client.failures())
	}
	if n := s.client.late(); n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d replies took over %v", n, lateAfter))
	}
	if n := s.after.Clients.Short; n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d short replies", n))
	}
	if s.after.Generator.State != control.StateSeeded {
		wrong = append(wrong, "the generator is "+s.after.Generator.State)
	}
	if s.wrong != nil {
		wrong = append(wrong, s.wrong(s)...)
	}
	return append(wrong, s.Wrong...)
}

// unless is a complaint, or none.
func unless(ok bool, format string, a ...any) []string {
	if ok {
		return nil
	}
	return []string{fmt.Sprintf(format, a...)}
}
