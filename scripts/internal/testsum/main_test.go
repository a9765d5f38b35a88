package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What a test printed is shown if it failed, and of the others figures and reasons alone.
func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name, events, want string
		failed             bool
	}{
		{"passed", `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: figure: 7 replies\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:4: noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}`, "figure: 7 replies\nfigure: 1 tests in 1 packages\n", false},
		{"skipped", `{"Action":"output","Package":"p","Test":"TestA/b","Output":"    a_test.go:3: needs root\n"}
{"Action":"output","Package":"p","Test":"TestA/b","Output":"    --- SKIP: TestA/b (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA/b"}
{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:3: needs root\n"}
{"Action":"skip","Package":"p","Test":"TestC"}`, "missed: TestA/b, TestC: needs root\nfigure: 0 tests in 0 packages\n", true},
		{"failed", `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestA"}`, "    a_test.go:3: got 1\nFAIL p TestA\nfigure: 0 tests in 0 packages\n", true},
		{"does not build", `{"Action":"build-output","ImportPath":"p","Output":"a.go:1: undefined\n"}
{"Action":"build-fail","ImportPath":"p"}`, "a.go:1: undefined\nFAIL p\nfigure: 0 tests in 0 packages\n", true},
		{"no such directory", "pattern ./...: none", "pattern ./...: none\nfigure: 0 tests in 0 packages\n", true},
	} {
		got, failed, err := summary(strings.NewReader(c.events))
		if err != nil || got != c.want || failed != c.failed {
			t.Errorf("%s: failed %v, %v\n%s\nexpected %v\n%s", c.name, failed, err, got, c.failed, c.want)
		}
	}
}

// TestParts has a copy of scripts/test run parts of its own, with a limit of a millisecond: one that hangs is ended.
func TestParts(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash here")
	}
	dir := filepath.Join(t.TempDir(), "scripts")
	if err := os.CopyFS(dir, os.DirFS("../../../scripts")); err != nil {
		t.Fatal(err)
	}
	runner, err := os.ReadFile(filepath.Join(dir, "test"))
	if err != nil || !strings.Contains(string(runner), "limit=1800000 ") {
		t.Fatalf("scripts/test has no limit of 1800 s: %v", err)
	}
	for name, text := range map[string]string{
		"test": strings.Replace(string(runner), "limit=1800000 ", "limit=1 ", 1),
		"parts": `good default echo 'figure: 7 replies'; echo 'missed: a Perl' # a part
bare default echo 'skipped: no gcc here'; exit 77
hangs default sleep 100
bad default echo 'expected 1'; exit 1
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	said, err := exec.Command("bash", filepath.Join(dir, "test")).CombinedOutput()
	for _, want := range []string{"    7 replies\n", "  good: a Perl\n", "  bare: no gcc here\n", "expected 1\n",
		"hangs: ended: it took longer than 0 s of a quiet machine\n", "\n1 passed, 2 failed, 1 skipped\n"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("it did not say %q:\n%s", want, said)
		}
	}
	if err == nil {
		t.Error("status 0 although parts failed")
	}
}
