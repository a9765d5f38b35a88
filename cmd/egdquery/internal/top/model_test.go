package top_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"prngd/cmd/egdquery/internal/exemplar"
	"prngd/cmd/egdquery/internal/top"
	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

// session feeds a screen, one sample a second.
type session struct {
	*testing.T
	screen *top.Model
	second int
}

func start(t *testing.T, ascii bool) *session { return &session{T: t, screen: top.New(ascii)} }

// look shows a report after a second of 100 requests and 1 MiB.
func (s *session) look(change func(*control.Report)) {
	r := exemplar.Report()
	r.Now = r.Now.Add(time.Duration(s.second) * time.Second)
	r.Clients.Requests["read"] += uint64(100 * s.second)
	r.Clients.BytesOut += uint64(s.second) << 20
	if change != nil {
		change(r)
	}
	s.screen.Show(watch.Sample{Time: r.Now, Report: r, Latency: time.Duration(s.second+1) * 100 * time.Microsecond})
	s.second++
}

var styles = regexp.MustCompile("\x1b\\[[0-9;]*m")

// lines is the screen without colours, checked for its size.
func (s *session) lines(width, height int) []string {
	s.Helper()
	lines := strings.Split(s.screen.View(), "\n")
	if len(lines) != height {
		s.Errorf("%d lines, expected %d", len(lines), height)
	}
	for i, line := range lines {
		if w := len([]rune(styles.ReplaceAllString(line, ""))); w > width {
			s.Errorf("line %d is %d wide, expected at most %d: %s", i+1, w, width, line)
		}
		lines[i] = strings.TrimRight(styles.ReplaceAllString(line, ""), " ")
	}
	return lines
}

func TestScreen(t *testing.T) {
	s := start(t, false)
	for range 9 {
		s.look(nil)
	}
	want, err := os.ReadFile("testdata/80x24")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.lines(80, 24), "\n") + "\n"; got != string(want) {
		t.Errorf("got\n%s\nexpected\n%s", got, want)
	}
}

func TestEverySize(t *testing.T) {
	s := start(t, true)
	s.lines(80, 24)
	for range 200 {
		s.look(nil)
	}
	for _, size := range [][2]int{{80, 24}, {40, 10}, {200, 60}, {1, 1}, {20, 13}, {80, 24}} {
		s.screen.Resize(size[0], size[1])
		lines := s.lines(size[0], size[1])
		if size[1] >= 24 && !strings.Contains(strings.Join(lines, "\n"), "kernel") {
			t.Errorf("%v: no sources", size)
		}
	}
}

func TestSourcesComeAndGo(t *testing.T) {
	s := start(t, true)
	without := func(r *control.Report) { r.Sources = r.Sources[1:] }
	s.look(without)
	s.look(nil)
	s.expect("kernel", "new")
	s.look(without)
	s.expect("kernel", "gone")
	for range 31 {
		s.look(without)
	}
	if strings.Contains(strings.Join(s.lines(80, 24), "\n"), "kernel") {
		t.Error("a source that is gone is never forgotten")
	}
	s.look(nil)
	s.look(func(r *control.Report) { r.Started = r.Now })
	s.expect("kernel", "healthy") // to a daemon that began again nobody is new
}

// expect looks for a word in the line of a source.
func (s *session) expect(source, word string) {
	s.Helper()
	for _, line := range s.lines(80, 24) {
		if strings.HasPrefix(line, source) {
			if !strings.Contains(line, word) {
				s.Errorf("%s: expected %s", line, word)
			}
			return
		}
	}
	s.Errorf("no line for %s", source)
}

func TestRestart(t *testing.T) {
	s := start(t, true)
	s.screen.Show(watch.Sample{Time: time.Unix(0, 0), Err: errors.New("no daemon\nyet"), LatencyErr: errors.New("no")})
	if got := s.lines(80, 24); !strings.Contains(got[0], "UNKNOWN") || got[1] != "! no daemon yet" {
		t.Errorf("without a daemon: %q", got[:2])
	}
	s.look(nil)
	s.look(nil)
	s.screen.Show(watch.Sample{Time: time.Unix(0, 0), Err: errors.New("restarting"), LatencyErr: errors.New("no")})
	if got := s.lines(80, 24); !strings.Contains(got[0], "does not answer") || !strings.Contains(got[5], "requests           -") {
		t.Errorf("in between: %q", got[:6])
	}
	s.look(nil)
	s.look(nil)
	if got := s.lines(80, 24); !strings.Contains(got[0], "OK") || !strings.Contains(got[5], "100/s") {
		t.Errorf("afterwards: %q", got[:6])
	}
}

func TestKeys(t *testing.T) {
	s := start(t, true)
	many := func(r *control.Report) {
		for i := range 30 {
			r.Sources = append(r.Sources, control.Source{Name: fmt.Sprintf("extra%02d", i), State: "healthy"})
		}
	}
	s.look(many)
	s.screen.Press("\x1b[F")
	s.expect("extra29", "healthy")
	s.screen.Press("\x1b[H")
	s.expect("kernel", "healthy")
	s.screen.Press("\x1b[A")
	s.expect("kernel", "healthy")
	s.screen.Press("p")
	before := s.screen.View()
	s.look(nil)
	if s.screen.View() != before {
		t.Error("paused, it moves")
	}
	if !s.screen.Press("q") || !s.screen.Press("\x03") || s.screen.Press("\x1b[C") {
		t.Error("q does not quit")
	}
}

func TestPlain(t *testing.T) {
	var out strings.Builder
	p := top.NewPlain(&out)
	a, b := exemplar.Report(), exemplar.Report()
	b.Now = b.Now.Add(time.Second)
	b.Clients.Requests["read"] += 1234
	b.Clients.BytesOut += 1 << 20
	b.Seed.Error = "disk full"
	for _, s := range []watch.Sample{
		{Time: a.Now, Report: a, LatencyErr: errors.New("x")},
		{Time: b.Now, Report: b, Latency: 54 * time.Microsecond},
		{Time: b.Now, Err: errors.New("gone"), LatencyErr: errors.New("x")},
	} {
		if err := p.Take(s); err != nil {
			t.Fatal(err)
		}
	}
	const want = `TIME     HEALTH   STATE           CLIENTS REQUEST/S       SENT/S   LATENCY  SOURCES
15:04:05 ok       seeded               12         -            -         -      2/4
15:04:06 degraded seeded               11      1234      1.0 MiB   0.054ms      2/4  seed file: disk full
15:04:06 unknown  -                     -         -            -         -        -  gone
`
	if out.String() != want {
		t.Errorf("got\n%s\nexpected\n%s", out.String(), want)
	}
}
