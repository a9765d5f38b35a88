package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`")
	goFile   = regexp.MustCompile(`\b[a-z]+(?:/[a-z_]+)+\.go\b`)
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// Each answer of conformance.md names a test that exists, or says why there is
// none, and the files that it names exist.
func TestConformance(t *testing.T) {
	tests := allTests(t)
	rows := 0
	for line := range strings.Lines(text(t, "docs/conformance.md")) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| section ") {
			continue
		}
		rows++
		cells := strings.Split(line, "|")
		answer := cells[len(cells)-2]
		names := testName.FindAllStringSubmatch(answer, -1)
		if len(names) == 0 && !strings.Contains(answer, "No, because ") && !strings.Contains(answer, "by test only") {
			t.Errorf("neither a test nor a reason: %s", line)
		}
		for _, name := range names {
			if !tests[name[1]] {
				t.Errorf("%s does not exist: %s", name[1], line)
			}
		}
		for _, file := range goFile.FindAllString(answer, -1) {
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%v: %s", err, line)
			}
		}
	}
	if rows < 40 {
		t.Errorf("only %d rows", rows)
	}
}

// allTests returns the names of all tests of the module.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile(name)
		for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil || len(tests) < 100 {
		t.Fatalf("%d tests, %v", len(tests), err)
	}
	return tests
}
