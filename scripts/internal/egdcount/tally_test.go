package main

import (
	"regexp"
	"strings"
	"testing"
)

// Each case is a conversation: "> " what the client sent in one piece, "< " what the server did; of the summary, what is
// not 0.
func TestTally(t *testing.T) {
	for _, c := range []struct {
		name string
		talk []string
		want string
	}{
		{"a read in one piece", []string{"> \x01\x02", "< \x02ab"}, "requests=1 readsome=1 bytes=2"},
		{"length byte alone", []string{"> \x01\x02", "< \x02", "< ab"}, "requests=1 readsome=1 bytes=2 split=1"},
		{"one byte too few, and none", []string{"> \x01\x02\x01\x02", "< \x01a\x00"}, "requests=2 readsome=2 bytes=1 short=2"},
		{"requests cut anywhere, replies together", []string{"> \x02", "> \x03\x02\x00\x04\x03\x00\x08\x01", "> x\x00", "< abc\x0212\x00\x00\x20\x00"},
			"requests=5 count=1 readall=2 write=1 pid=1 bytes=3"},
		{"an answer nobody asked for", []string{"> \x02\x01", "< ab"}, "requests=1 readall=1 bytes=1 stray=1"},
		{"an unknown command ends the counting", []string{"> \x93\x12\x00", "< a"}, "unknown=1"},
	} {
		sum := tally{n: map[string]int{}}
		conv := sum.newConversation()
		for _, line := range c.talk {
			if line[0] == '>' {
				conv.client([]byte(line[2:]))
			} else {
				conv.server([]byte(line[2:]))
			}
		}
		got := sum.String()
		if counted := regexp.MustCompile(` \w+=0\b`).ReplaceAllString(got, ""); counted != "connections=1 "+c.want || strings.Count(got, "=") != 12 {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
