// Command testsum reads what `go test -json` prints and tells what a person wants to know of it: of each test
// that failed all that it printed, of the others nothing; then, as lines that scripts/gotest hands on, the
// figures (what a test logs behind "figure: "), the tests that were skipped with their reasons, and how many
// tests there were. It ends with status 1 if a test or a package failed, or if there was none.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	s := newSummary()
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	fmt.Print(s.String())
	if s.failed > 0 || s.passed == 0 {
		os.Exit(1)
	}
}

// event is a line of `go test -json`: see `go doc test2json`.
type event struct{ Action, Package, ImportPath, Test, Output string }

// summary is what has become of the tests so far.
type summary struct {
	said           map[string]*strings.Builder // what a test, or a package outside its tests, printed
	skipped        map[string][]string         // tests by the reason why they were skipped
	lines          []string                    // for the reader, in the order in which they came
	passed, failed int
	packages       int
}

func newSummary() *summary {
	return &summary{said: map[string]*strings.Builder{}, skipped: map[string][]string{}}
}

// read takes events until the end. A line that is no event is a message of the go command.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			s.lines = append(s.lines, lines.Text())
			continue
		}
		s.take(e)
	}
	return lines.Err()
}

func (s *summary) take(e event) {
	key := e.Package + e.ImportPath + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if s.said[key] == nil {
			s.said[key] = new(strings.Builder)
		}
		s.said[key].WriteString(e.Output)
		return
	case "build-fail", "fail":
		s.failed++
		s.lines = append(s.lines, strings.TrimRight(s.text(key), "\n"), "FAIL "+strings.TrimSpace(key))
	case "skip":
		s.skip(e, key)
	case "pass":
		s.pass(e, key)
	default:
		return
	}
	delete(s.said, key)
}

func (s *summary) text(key string) string {
	if b := s.said[key]; b != nil {
		return b.String()
	}
	return ""
}

// where is what testing.T puts before a message.
var where = regexp.MustCompile(`^\s*[^ :]+\.go:\d+: `)

// pass counts, and keeps a test's figures.
func (s *summary) pass(e event, key string) {
	switch {
	case e.Test == "":
		s.packages++
	case !strings.Contains(e.Test, "/"):
		s.passed++
	}
	for line := range strings.Lines(s.text(key)) {
		if text, ok := strings.CutPrefix(where.ReplaceAllString(line, ""), "figure: "); ok {
			s.lines = append(s.lines, "figure: "+strings.TrimSpace(text))
		}
	}
}

// skip keeps the reason: the line before the verdict. A package without tests is skipped as well, and is not told of.
func (s *summary) skip(e event, key string) {
	if e.Test == "" {
		return
	}
	reason := ""
	for line := range strings.Lines(s.text(key)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "---") && !strings.HasPrefix(line, "===") {
			reason = strings.TrimSpace(where.ReplaceAllString(line, ""))
		}
	}
	s.skipped[reason] = append(s.skipped[reason], e.Test)
}

func (s *summary) String() string {
	for _, reason := range slices.Sorted(maps.Keys(s.skipped)) {
		s.lines = append(s.lines, fmt.Sprintf("skipped: %s: %s", strings.Join(s.skipped[reason], ", "), reason))
	}
	return fmt.Sprintf("%s\nfigure: %d tests in %d packages\n", strings.Join(s.lines, "\n"), s.passed, s.packages)
}
