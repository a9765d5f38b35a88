package main

import "testing"

// What a library's function says in its first line is all that is looked at.
func TestStub(t *testing.T) {
	b := build{functions: map[string]string{}}
	b.read("mem", []byte(`package mem
import "common"
func Never() (int, error) { return 0, common.ErrNotImplementedError }
func (m *Mem) Late() (int, error) {
	return 0, common.ErrNotImplementedError
}
func ByWay() (int, error) { return Never() }
func ByLongWay() (int, error) {
	n, err := ByWay()
	return n, err
}
func Works() (int, error) { return 1, nil }
func Sometimes() (int, error) {
	if n, err := Works(); err == nil {
		return n, nil
	}
	return 0, common.ErrNotImplementedError
}
`))
	for name, want := range map[string]bool{
		"Never": true, "Late": true, "ByWay": true, "ByLongWay": true, "Missing": true, "Works": false, "Sometimes": false,
	} {
		if got := b.stub("mem", name); got != want {
			t.Errorf("stub(%s) = %v: %q", name, got, b.functions["mem."+name])
		}
	}
}

// Of these two systems it is known what the library has.
func TestMenu(t *testing.T) {
	t.Chdir("../../..")
	for goos, want := range map[string]map[string]bool{
		"linux":     {"kernel": true, "cpu": true, "processes": true},
		"dragonfly": {"kernel": true, "jitter": true, "cpu": true, "net": false, "processes": false},
	} {
		b, err := load(goos, "amd64")
		if err != nil {
			t.Fatal(err)
		}
		for name := range want {
			if b.gathers(name) != want[name] {
				t.Errorf("%s: %s = %v", goos, name, !want[name])
			}
		}
	}
}

// Between its marks the table alone is replaced.
func TestWithTable(t *testing.T) {
	text, err := withTable("a\n<!-- systems -->\n\n| plan9 |\n\n<!-- /systems -->\nz\n", "| $1 |\n")
	if want := "a\n<!-- systems -->\n\n| $1 |\n\n<!-- /systems -->\nz\n"; text != want || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := withTable("a\n", ""); err == nil {
		t.Error("a page without marks is accepted")
	}
}
