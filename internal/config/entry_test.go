package config_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestEntries is the grammar of PRNGD 0.9.29, and where we differ: blank
// commands and endless rates are rejected, rates outside 0 to 8 are cut, a
// carriage return at the end is a blank, no word is dropped, no line is cut.
func TestEntries(t *testing.T) {
	for _, tc := range []struct{ line, want string }{ // "PATH [ARGV] RATE", "undef" or "rejected", and " warned"
		{`"df -k" /bin/df 0.03`, "/bin/df [df|-k] 0.03"},
		{"  \t\"df  -k\t/x \" \t/bin/df\t 0.03 \t", "/bin/df [df|-k|/x] 0.03"},
		{`"df"/bin/df 0.03`, "/bin/df [df] 0.03"},
		{"\"df\" /bin/df 0.03\r", "/bin/df [df] 0.03"},
		{`"df" df 0.03`, "df [df] 0.03"},
		{`"df" @PROG_DF@ 0.03`, "@PROG_DF@ [df] 0.03"},
		{`"sh -c 'id; $HOME'" /bin/sh 0.03`, "/bin/sh [sh|-c|'id;|$HOME'] 0.03"},
		{"\"df \xff\xc3\xa9\" /bin/df 0.03", "/bin/df [df|\xff\xc3\xa9] 0.03"},
		{`"a 1 2 3 4" /bin/a 1`, "/bin/a [a|1|2|3|4] 1"},
		{`"a 1 2 3 4 5 6" /bin/a 1`, "/bin/a [a|1|2|3|4|5|6] 1 warned"},

		{`"a" /a 3e-2`, "/a [a] 0.03"},
		{`"a" /a +.5`, "/a [a] 0.5"},
		{`"a" /a 7.`, "/a [a] 7"},
		{`"a" /a 8`, "/a [a] 8"},
		{`"a" /a 8.01`, "/a [a] 8 warned"},
		{`"a" /a 0`, "/a [a] 0"},
		{`"a" /a -0`, "/a [a] 0"},
		{`"a" /a -.5`, "/a [a] 0 warned"},
		{`"a" /a much`, "/a [a] 0 warned"},
		{`"a" /a .`, "/a [a] 0 warned"},
		{`"a" /a 1x`, "/a [a] 1 warned"},
		{`"a" /a 1e`, "/a [a] 1 warned"},
		{`"a" /a 1e+x`, "/a [a] 1 warned"},
		{`"a" /a 0x2`, "/a [a] 0 warned"},
		{`"a" /a 1_0`, "/a [a] 1 warned"},
		{`"a" /a 1e-999`, "/a [a] 0"},
		{`"a" /a 1e999`, "rejected"},
		{`"a" /a -1e999`, "rejected"},
		{`"a" /a Infinity`, "rejected"},
		{`"a" /a -inf`, "rejected"},
		{`"a" /a NaN(1)`, "rejected"},

		{`"a" undef 1`, "undef"},
		{`"a" undef`, "undef"},
		{`"a" undefined/x 1 and more`, "undef"},
		{`"a" Undef 1`, "Undef [a] 1"},

		{`"a" /a`, "rejected"},
		{`"a"`, "rejected"},
		{`"`, "rejected"},
		{`""`, "rejected"},
		{`"a /a 1`, "rejected"},
		{`"" /a 1`, "rejected"},
		{`" 	" /a 1`, "rejected"},
		{`"a" /a 1 # note`, "rejected"},
		{`"a" /a 1 credit=1`, "rejected"},
		{`"a \"b\"" /a 1`, "rejected"},
	} {
		if got := entry(t, tc.line); got != tc.want {
			t.Errorf("%s\ngot  %s\nwant %s", tc.line, got, tc.want)
		}
	}
}

func entry(t *testing.T, line string) string {
	c := parse(t, line)
	switch {
	case c.Undef == 1:
		return "undef"
	case c.Rejected == 1:
		return "rejected"
	}
	cmd := c.Commands[0]
	got := fmt.Sprintf("%s [%s] %v", cmd.Path, strings.Join(cmd.Argv, "|"), cmd.Rate)
	if len(c.Problems) > 0 {
		got += " warned"
	}
	return got
}
