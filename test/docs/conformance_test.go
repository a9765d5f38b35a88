package docs

import (
	"slices"
	"strings"
	"testing"
)

// Each answer of conformance.md names a test that exists, or says why there is
// none, and the files that it names exist.
func TestConformance(t *testing.T) {
	tests := map[string]bool{}
	for _, file := range files(".", "_test.go") {
		for _, name := range found(`(?m)^func ((?:Test|Fuzz)\w+)\(`, text(t, file)) {
			tests[name] = true
		}
	}
	rows := found(`(?m)^\| (.*?)\|?$`, text(t, "docs/conformance.md"))
	rows = slices.DeleteFunc(rows, func(row string) bool { return strings.HasPrefix(row, "section ") })
	if len(tests) < 100 || len(rows) < 40 {
		t.Fatalf("only %d tests and %d rows", len(tests), len(rows))
	}
	for _, row := range rows {
		answer := row[strings.LastIndex(row, "|")+1:]
		names := found("`((?:Test|Fuzz)[A-Z]\\w*)`", answer)
		if len(names) == 0 && !strings.Contains(answer, "No, because ") && !strings.Contains(answer, "by test only") {
			t.Errorf("neither a test nor a reason: %s", row)
		}
		for _, name := range names {
			if !tests[name] {
				t.Errorf("%s does not exist: %s", name, row)
			}
		}
		for _, file := range found(`\b([a-z]+(?:/[a-z_]+)+\.go)\b`, answer) {
			if !exists(file) {
				t.Errorf("%s does not exist: %s", file, row)
			}
		}
	}
}
