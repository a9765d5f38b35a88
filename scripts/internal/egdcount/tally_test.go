package main

import "testing"

// Each case is a conversation: "> " what the client sent in one piece, "< " what the server did.
func TestTally(t *testing.T) {
	for _, c := range []struct {
		name string
		talk []string
		want string
	}{
		{"a read in one piece", []string{"> \x01\x02", "< \x02ab"},
			"connections=1 requests=1 count=0 readsome=1 readall=0 write=0 pid=0 bytes=2 short=0 split=0 unknown=0 stray=0"},
		{"length byte alone", []string{"> \x01\x02", "< \x02", "< ab"},
			"connections=1 requests=1 count=0 readsome=1 readall=0 write=0 pid=0 bytes=2 short=0 split=1 unknown=0 stray=0"},
		{"one byte too few, and none", []string{"> \x01\x02\x01\x02", "< \x01a\x00"},
			"connections=1 requests=2 count=0 readsome=2 readall=0 write=0 pid=0 bytes=1 short=2 split=0 unknown=0 stray=0"},
		{"requests cut anywhere, replies together", []string{"> \x02", "> \x03\x02\x00\x04\x03\x00\x08\x01", "> x\x00", "< abc\x0212\x00\x00\x20\x00"},
			"connections=1 requests=5 count=1 readsome=0 readall=2 write=1 pid=1 bytes=3 short=0 split=0 unknown=0 stray=0"},
		{"an answer nobody asked for", []string{"> \x02\x01", "< ab"},
			"connections=1 requests=1 count=0 readsome=0 readall=1 write=0 pid=0 bytes=1 short=0 split=0 unknown=0 stray=1"},
		{"an unknown command ends the counting", []string{"> \x93\x12\x00", "< a"},
			"connections=1 requests=0 count=0 readsome=0 readall=0 write=0 pid=0 bytes=0 short=0 split=0 unknown=1 stray=0"},
	} {
		var sum tally
		conv := sum.newConversation()
		for _, line := range c.talk {
			if line[0] == '>' {
				conv.client([]byte(line[2:]))
			} else {
				conv.server([]byte(line[2:]))
			}
		}
		if got := sum.String(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
