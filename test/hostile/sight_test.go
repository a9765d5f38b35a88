//go:build linux

package hostile

import (
	"fmt"
	"strings"
	"testing"

	"prngd/internal/control"
	"prngd/test/harness"
)

// view is what can be seen of the daemon at one moment.
type view struct {
	control.Report
	rss int // KiB
}

// look asks over the control socket, as an admin does, and the system.
func look(t *testing.T, d *harness.Daemon) view {
	t.Helper()
	rss, _ := harness.Memory(d.PID)
	return view{*d.Status(), rss}
}

// sight is all that was seen of one attack.
type sight struct {
	attack
	result
	client        usage
	before, after view
}

// String is a line: the client's figures, the daemon's memory, what was done, and what status counted.
func (s *sight) String() string {
	c := s.after.Clients
	return fmt.Sprintf("%-12s %d requests, %v; daemon %d-%d KiB; done %v; %d connected, refused %v, %d timed out, %d left inside a request, %d unknown, %d writes not credited",
		s.name, s.client.N, s.client.Digest, s.before.rss, s.after.rss, s.Load, c.Now, c.Refused, c.Timeouts, c.Partial, c.Unknown, c.CreditDenied)
}

// grown is by how many KiB.
func (s *sight) grown() int { return s.after.rss - s.before.rss }

// judge says what must not have been.
func (s *sight) judge() []string {
	for _, problem := range s.client.Problems {
		s.unless(false, "the well-behaved client: %s", problem)
	}
	s.unless(s.after.Clients.Short == 0, "%d short replies", s.after.Clients.Short)
	s.unless(s.after.Generator.State == control.StateSeeded, "the generator is %s", s.after.Generator.State)
	if s.wrong != nil {
		s.wrong(s)
	}
	return s.Wrong
}

func (s *sight) unless(ok bool, format string, a ...any) {
	if !ok {
		s.Wrong = append(s.Wrong, fmt.Sprintf(format, a...))
	}
}

// TestJudge shows what the daemon must not have done, and wants it told.
func TestJudge(t *testing.T) {
	for want, harm := range map[string]func(*sight){
		"":              func(*sight) {},
		"1 of 2 turns":  func(s *sight) { s.client.Problems = []string{"QEMU: 1 of 2 turns failed"} },
		"short replies": func(s *sight) { s.after.Clients.Short = 1 },
		"unseeded":      func(s *sight) { s.after.Generator.State = control.StateUnseeded },
		"was closed":    func(s *sight) { s.Wrong = []string{"an established connection was closed"} },
		"KiB more":      func(s *sight) { s.attack, s.after.rss = find("deaf"), 33<<10 },
		"has 398":       func(s *sight) { s.attack, s.Load = find("addresses"), map[string]int{"connections": 398} },
		"7 bits": func(s *sight) {
			s.attack, s.after.Sources = find("writes"), []control.Source{{Name: "client", Bits: 7, Samples: 1}}
		},
	} {
		s := sight{attack: find("none")}
		s.after.Generator.State = control.StateSeeded
		harm(&s)
		if got := strings.Join(s.judge(), "; "); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("judged %q, expected %q", got, want)
		}
	}
}
