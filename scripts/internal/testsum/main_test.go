package main

import (
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
{"Action":"skip","Package":"p","Test":"TestC"}`, "skipped: TestA/b, TestC: needs root\nfigure: 0 tests in 0 packages\n", true},
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
