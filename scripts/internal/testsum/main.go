// Command testsum reads what `go test -json` prints and tells what a person wants to know of it: of each test
// that failed all that it printed, of the others nothing; then, as lines that scripts/test looks for, the
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
	report, failed, err := summary(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
	}
	fmt.Print(report)
	if failed || err != nil {
		os.Exit(1)
	}
}

// event is a line of `go test -json`: see `go doc test2json`. A line that is none is a message of the go command.
type event struct{ Action, Package, ImportPath, Test, Output string }

// where is what testing.T puts before a message.
var where = regexp.MustCompile(`^\s*[^ :]+\.go:\d+: `)

// summary reads events until the end.
func summary(r io.Reader) (report string, failed bool, err error) {
	said := map[string][]byte{}      // what a test, or a package outside its tests, printed
	skipped := map[string][]string{} // tests by the reason why they were skipped
	var shown []string               // for the reader, in the order in which they came
	passed, packages := 0, 0
	events := bufio.NewScanner(r)
	for events.Buffer(nil, 16<<20); events.Scan(); {
		var e event
		if json.Unmarshal(events.Bytes(), &e) != nil {
			shown = append(shown, events.Text())
			continue
		}
		key := e.Package + e.ImportPath + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			said[key] = append(said[key], e.Output...)
			continue
		case "build-fail", "fail":
			failed = true
			shown = append(shown, strings.TrimRight(string(said[key]), "\n"), "FAIL "+strings.TrimSpace(key))
		case "skip":
			if e.Test != "" { // else it is a package without tests
				list := messages(said[key])
				reason := strings.Join(list[max(0, len(list)-1):], "") // the last
				skipped[reason] = append(skipped[reason], e.Test)
			}
		case "pass":
			if e.Test == "" {
				packages++
			} else if !strings.Contains(e.Test, "/") {
				passed++
			}
			for _, message := range messages(said[key]) {
				if strings.HasPrefix(message, "figure: ") {
					shown = append(shown, message)
				}
			}
		default:
			continue
		}
		delete(said, key)
	}
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		shown = append(shown, fmt.Sprintf("missed: %s: %s", strings.Join(skipped[reason], ", "), reason))
	}
	report = fmt.Sprintf("%s\nfigure: %d tests in %d packages\n", strings.Join(shown, "\n"), passed, packages)
	return report, failed || passed == 0, events.Err()
}

// messages are the lines that a test has printed, without places in its source and without what go test says of it.
func messages(text []byte) (list []string) {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(where.ReplaceAllString(line, ""))
		if !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			list = append(list, line)
		}
	}
	return list
}
