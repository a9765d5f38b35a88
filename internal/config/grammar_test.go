package config_test

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"prngd/internal/config"
)

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("prngd.conf", strings.NewReader(text))
	if err != nil {
		t.Fatalf("%.80q: %v", text, err)
	}
	checkLines(t, c)
	return c
}

// TestLines shows what kind each line is.
func TestLines(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for _, tc := range []struct{ text, kind string }{
		{"", "blank"},
		{" \t ", "blank"},
		{"\r", "blank"},
		{" \t\r\r", "blank"},
		{"#", "comment"},
		{"\t # listen nonsense", "comment"},
		{"# " + long, "comment"},
		{"per-uid 1", "ours"},
		{" \tper-uid\t1 # more", "ours"},
		{"per-uid 1\r", "ours"},
		{`"per-uid" 1`, "rejected"},
		{"Per-uid 1", "rejected"},
		{"per-uid: 1", "rejected"},
		{"\vper-uid 1", "rejected"},
		{"per-uid#1", "rejected"},
		{"ls /bin/ls 1", "rejected"},
		{long[1:] + " x", "rejected"},
		{`"ls ` + long + `" /bin/ls 1`, "rejected"},
		{`"ls ` + long[len(`"ls " /bin/ls 1`):] + `" /bin/ls 1`, "command"},
		{`"ls" /bin/ls 1`, "command"},
		{`"ls" undef 1`, "undef"},
	} {
		for _, end := range []string{"", "\n"} {
			if tc.text == "" && end == "" {
				continue // no line at all
			}
			c, _ := config.Parse("f", strings.NewReader(tc.text+end)) // some are misspelt: an error as well
			checkLines(t, c)
			l := c.Lines
			got := map[string]int{"blank": l.Blank, "comment": l.Comment, "ours": l.Ours,
				"rejected": c.Rejected, "command": len(c.Commands), "undef": c.Undef}
			if l.All != 1 || got[tc.kind] != 1 {
				t.Errorf("%.40q: got %v, want one %s", tc.text+end, got, tc.kind)
			}
		}
	}
}

func TestProblemsNameTheLine(t *testing.T) {
	c, err := config.Parse("prngd.conf", strings.NewReader("# one\nlisen /run/x\n\"ls\" /bin/ls 1 # x\n\"ls\" /bin/ls 99\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "prngd.conf:2: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want an error about line 2 alone", err)
	}
	want := []string{
		`prngd.conf:2: expected a directive or a quoted command, found "lisen": did you mean listen?`,
		`prngd.conf:3: expected nothing after the rate, found "# x"`,
		`prngd.conf:4: rate "99": expected 0 to 8 bits per byte, read as 8`,
	}
	var got []string
	for _, p := range c.Problems {
		got = append(got, p.String())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if c.Rejected != 2 || !c.Problems[2].Warning || c.Problems[0].Warning {
		t.Errorf("rejected %d, problems %+v", c.Rejected, c.Problems)
	}
}

// TestSuggestions: what is near a directive is an error (A14), all else is skipped
// as PRNGD does.
func TestSuggestions(t *testing.T) {
	for word, want := range map[string]string{
		"lisen": "listen", "lissten": "listen", "LISTEN": "listen", "seed-file": "seedfile", "seed-credits": "seed-credit",
		"gatherers": "gatherer", "uesr": "", "users": "user", "max-conections": "max-connections", "per_uid": "per-uid",
		"lg": "log", "user=prngd": "user", "log:": "log", "\vlisten": "listen", "includ": "include",
		"ls": "", "w": "", "ps": "", "netstat": "", "@PROG_LS@": "", strings.Repeat("l", 9000): "",
	} {
		c, err := config.Parse("f", strings.NewReader(word+" /x"))
		_, got, _ := strings.Cut(c.Problems[0].Message, "did you mean ")
		if got = strings.TrimSuffix(got, "?"); got != want || c.Rejected != 1 {
			t.Errorf("%.20s: suggested %q, want %q", word, got, want)
		}
		if (err != nil) != (want != "") {
			t.Errorf("%.20s: error %v", word, err)
		}
	}
	if _, err := config.Parse("f", strings.NewReader("users /usr/bin/users 0.01")); err != nil {
		t.Errorf("a command without quotes: %v", err)
	}
}

// TestForeignText: an editor of another system, or a crash, must not make a file
// of which nothing counts. See faults.md A, "text that editors leave".
func TestForeignText(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{"\xff\xfel\x00o\x00g\x00", "f:1: found UTF-16 text"},
		{"\xfe\xff\x00l\x00o\x00g", "f:1: found UTF-16 text"},
		{"l\x00o\x00g\x00 \x00", "f:1: found a NUL byte"},
		{"user x\n" + strings.Repeat("\x00", 512), "f:2: found a NUL byte"},
		{"# a\rlisten /x\r", "f:1: found a carriage return within a line"},
	} {
		_, err := config.Parse("f", strings.NewReader(tc.text))
		if err == nil || !strings.HasPrefix(err.Error(), tc.says) {
			t.Errorf("%q: got %v, want %s", tc.text, err, tc.says)
		}
	}
	for _, text := range []string{"\ufeffper-uid 7\r\n", "per-uid 7", "\ufeff# x\r\nper-uid 7\r"} {
		if c := parse(t, text); c.PerUID != 7 || len(c.Problems) > 0 {
			t.Errorf("%q: got %+v", text, c)
		}
	}
}

// TestAllErrorsAreReported: an operator mends a file once.
func TestAllErrorsAreReported(t *testing.T) {
	c, err := config.Parse("f", strings.NewReader("user\nnonsense\nper-uid x\nper-uid 7\n"))
	want := "f:1: user: expected one name\nf:3: per-uid: expected a number from 1, or auto"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if c.PerUID != 7 || c.Rejected != 1 {
		t.Errorf("the rest was not read: %+v", c)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestReading(t *testing.T) {
	broken := errors.New("disk on fire")
	if _, err := config.Parse("f", io.MultiReader(strings.NewReader("user x\n"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("read error: got %v", err)
	}
	if _, err := config.Parse("/dev/zero", zeros{}); err == nil {
		t.Error("a file without end was accepted")
	}
	text := "user x\n\"ls\" /bin/ls 0.5\nlisten /a"
	c, err := config.Parse("prngd.conf", iotest.OneByteReader(strings.NewReader(text)))
	if err != nil || !reflect.DeepEqual(c, parse(t, text)) {
		t.Errorf("byte by byte: got %+v, %v", c, err)
	}
}

// FuzzParse: a line means the same wherever it stands, every line is counted once,
// no value leaves its bounds, and an error does not go away in company.
func FuzzParse(f *testing.F) {
	f.Add("user x\n# c\n\n\"ls -l\" /bin/ls 1e-2\nlisten /a mode=0600 group=\"a b\" # c\n", "\"x\" undef\n?\r\n")
	f.Add("listen tcp/h:1 allow=10.0.0.0/8,::1\nsource egd:/x credit=.5\nwrite-credit uid=1 alone", "\x00\"\" \"\n")
	for _, d := range config.Directives() {
		f.Add(d.Name+" "+d.Default, "exchange /x every=1h\ngatherer cpu off\nlog target=file:/x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, mark := range []string{"\ufeff", "\xff\xfe", "\xfe\xff"} {
			if strings.HasPrefix(a, mark) || strings.HasPrefix(b, mark) {
				return // which mean something at the beginning alone
			}
		}
		ca, errA := config.Parse("f", strings.NewReader(a))
		cb, errB := config.Parse("f", strings.NewReader(b))
		both, err := config.Parse("f", strings.NewReader(a+"\n"+b))
		checkLines(t, ca)
		checkLines(t, cb)
		checkLines(t, both)
		for _, c := range []*config.Config{ca, cb, both} {
			checkValues(t, c)
		}

		// A line means the same wherever it stands. (Where a ends in a newline the
		// joining one makes a blank line more.)
		if both.Undef != ca.Undef+cb.Undef || len(both.Commands) != len(ca.Commands)+len(cb.Commands) ||
			both.Rejected != ca.Rejected+cb.Rejected || both.Lines.Ours != ca.Lines.Ours+cb.Lines.Ours ||
			both.Lines.Comment != ca.Lines.Comment+cb.Lines.Comment {
			t.Errorf("%+v\nand %+v\nmake %+v", ca, cb, both)
		}
		if (errA != nil || errB != nil) && err == nil {
			t.Errorf("the error went away: %v, %v", errA, errB)
		}
	})
}

// checkValues holds a Config to what its doc comments promise.
func checkValues(t *testing.T, c *config.Config) {
	t.Helper()
	for _, cmd := range c.Commands {
		if len(cmd.Argv) == 0 || cmd.Path == "" || !(cmd.Rate >= 0 && cmd.Rate <= config.MaxRate) {
			t.Errorf("command %+v", cmd)
		}
	}
	for _, s := range c.Sources {
		if !(s.Credit >= 0 && s.Credit <= config.MaxRate) || s.Address.Network == "tcp" && s.Credit != 0 {
			t.Errorf("source %+v", s)
		}
	}
	for _, l := range c.Listen {
		if l.Address.Network == "tcp" && !l.Address.Loopback() && len(l.Allow) == 0 {
			t.Errorf("listen %+v", l)
		}
	}
	if c.UnseededWait < 0 || c.UnseededWait.Seconds() >= 10 || c.CommandTimeout.Seconds() < 1 {
		t.Errorf("unseeded-wait %v, command-timeout %v", c.UnseededWait, c.CommandTimeout)
	}
	rejected := 0
	for _, p := range c.Problems {
		if !p.Warning {
			rejected++
		}
	}
	if rejected != c.Rejected {
		t.Errorf("%d problems say why %d lines were rejected", rejected, c.Rejected)
	}
}
