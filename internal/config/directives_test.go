package config_test

import (
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"prngd/egdproto"
	"prngd/internal/config"
)

// at is where parse finds line n.
func at(n int) string { return fmt.Sprintf("prngd.conf:%d", n) }

func octal(m fs.FileMode) *fs.FileMode { return &m }

func unix(path string) egdproto.Address { return egdproto.Address{Network: "unix", Path: path} }

func tcp(host string, port int) egdproto.Address {
	return egdproto.Address{Network: "tcp", Host: host, Port: port}
}

// directive is a text and what it changes in the default configuration.
type directive struct {
	text string
	want func(c *config.Config)
}

func socketsAndSeed() []directive {
	return []directive{
		{"listen /run/egd-pool", func(c *config.Config) {
			c.Listen = []config.Listen{{Address: unix("/run/egd-pool"), Where: at(1)}}
		}},
		{`listen "/a b" group="mail users" mode=0660 # note`, func(c *config.Config) {
			c.Listen = []config.Listen{{Address: unix("/a b"), Mode: octal(0o660), Group: "mail users", Where: at(1)}}
		}},
		{"listen /a mode=0\nlisten tcp/localhost:708", func(c *config.Config) {
			c.Listen = []config.Listen{{Address: unix("/a"), Mode: octal(0), Where: at(1)}, {Address: tcp("localhost", 708), Where: at(2)}}
		}},
		{"listen tcp/gate:708 allow=10.0.0.0/8,fd00::/8,192.0.2.7", func(c *config.Config) {
			c.Listen = []config.Listen{{Address: tcp("gate", 708), Where: at(1), Allow: []netip.Prefix{
				netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.7/32")}}}
		}},
		{"seedfile /x#y", func(c *config.Config) { c.SeedFile, c.SeedFileWhere = "/x#y", at(1) }},
		{"seedfile /x\nseedfile off", func(c *config.Config) { c.NoSeedFile, c.SeedFileWhere = true, at(2) }},
		{"seedfile off\nseedfile /x", func(c *config.Config) { c.SeedFile, c.SeedFileWhere = "/x", at(2) }},
		{"seed-credit yes", func(c *config.Config) { c.SeedCredit = true }},
		{"seed-credit yes\nseed-credit no", func(c *config.Config) {}},
		{"unseeded-wait 9999ms", func(c *config.Config) { c.UnseededWait = 9999 * time.Millisecond }},
		{"unseeded-wait 0", func(c *config.Config) { c.UnseededWait = 0 }},
		{"user a\nuser b", func(c *config.Config) { c.User = config.Name{Name: "b", Where: at(2)} }},
		{"command-user nobody", func(c *config.Config) { c.CommandUser = config.Name{Name: "nobody", Where: at(1)} }},
		{"status /s mode=0660 group=ops", func(c *config.Config) {
			c.Status = config.Status{Path: "/s", Mode: octal(0o660), Group: "ops", Where: at(1)}
		}},
		{"status /s mode=0660\nstatus /t", func(c *config.Config) { c.Status.Path, c.Status.Where = "/t", at(2) }},
	}
}

func logsAndSources() []directive {
	return []directive{
		{"log level=warning", func(c *config.Config) { c.Log.Level, c.Log.Where = "warn", at(1) }}, // C6
		{"log level=debug\nlog format=json target=file:/l", func(c *config.Config) {
			c.Log = config.Log{Target: "file:/l", Level: "info", Format: "json", Where: at(2)}
		}},
		{"gatherer cpu every=1m\ngatherer net off\ngatherer cpu off\ngatherer net every=1s", func(c *config.Config) {
			c.Gatherers = []config.GathererLine{{Name: "cpu", Off: true, Where: at(3)}, {Name: "net", Every: time.Second, Where: at(4)}}
		}},
		{"credit-commands yes", func(c *config.Config) { c.CreditCommands = true }},
		{"command-timeout 90s", func(c *config.Config) { c.CommandTimeout = 90 * time.Second }},
		{"source egd:/e credit=8\nsource dev:/d\nsource file:/f credit=1e-2", func(c *config.Config) {
			c.Sources = []config.Source{
				{Kind: "egd", Target: "/e", Address: unix("/e"), Credit: 8, Where: at(1)},
				{Kind: "dev", Target: "/d", Where: at(2)},
				{Kind: "file", Target: "/f", Credit: 0.01, Where: at(3)},
			}
		}},
		{"source fifo:/f credit=1\nsource stream:/s credit=.5\nsource stream:tcp/localhost:709\nsource \"program:/p  --raw\t-1\" credit=2\nsource program:/p", func(c *config.Config) { // issue 14
			c.Sources = []config.Source{
				{Kind: "fifo", Target: "/f", Credit: 1, Where: at(1)},
				{Kind: "stream", Target: "/s", Address: unix("/s"), Credit: 0.5, Where: at(2)},
				{Kind: "stream", Target: "tcp/localhost:709", Address: tcp("localhost", 709), Where: at(3)},
				{Kind: "program", Target: "/p --raw -1", Argv: []string{"/p", "--raw", "-1"}, Credit: 2, Where: at(4)},
				{Kind: "program", Target: "/p", Argv: []string{"/p"}, Where: at(5)},
			}
		}},
		{"source egd:tcp/localhost:708 credit=0", func(c *config.Config) {
			c.Sources = []config.Source{{Kind: "egd", Target: "tcp/localhost:708", Address: tcp("localhost", 708), Where: at(1)}}
		}},
		{"exchange /x\nexchange /y every=1h", func(c *config.Config) {
			c.Exchange = []config.Exchange{{Path: "/x", Every: time.Minute, Where: at(1)}, {Path: "/y", Every: time.Hour, Where: at(2)}}
		}},
		{"write-credit uid=0\nwrite-credit alone gid=5 uid=6", func(c *config.Config) {
			c.WriteCredit = []config.WriteCredit{{UID: 0, GID: -1, Where: at(1)}, {UID: 6, GID: 5, Alone: true, Where: at(2)}}
		}},
		{"max-connections 7\nper-uid 3", func(c *config.Config) { c.MaxConnections, c.PerUID = 7, 3 }},
		{"per-uid 3\nper-uid auto", func(c *config.Config) {}},
	}
}

// TestDirectives changes the default configuration line by line.
func TestDirectives(t *testing.T) {
	for _, tc := range append(socketsAndSeed(), logsAndSources()...) {
		want := config.Default()
		tc.want(want)
		want.Lines.All = 1 + strings.Count(tc.text, "\n")
		want.Lines.Ours = want.Lines.All
		if got := parse(t, tc.text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", tc.text, got, want)
		}
	}
}

func TestTCPSourceEarnsNothing(t *testing.T) {
	for _, kind := range []string{"egd", "stream"} {
		c := parse(t, "source "+kind+":tcp/localhost:708 credit=1")
		if c.Sources[0].Credit != 0 || len(c.Problems) != 1 || !c.Problems[0].Warning || c.Rejected != 0 {
			t.Errorf("%s: got %+v, %+v", kind, c.Sources, c.Problems)
		}
	}
}

// pairs reads the lines of a file in testdata: two columns with a tab between.
func pairs(t *testing.T, file string) (list [][2]string) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if a, b, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); ok && !strings.HasPrefix(line, "#") {
			list = append(list, [2]string{a, b})
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no lines", file)
	}
	return list
}

// TestDirectiveErrors: each line alone is an error that says what was expected
// and leaves the default configuration as it was.
func TestDirectiveErrors(t *testing.T) {
	cases := append(pairs(t, "directive_errors.txt"),
		[2]string{"listen /a\x01", "control character"},
		[2]string{"per-uid " + strings.Repeat("1", 64<<10), "at most 65536 bytes"})
	for _, tc := range cases {
		line, says := tc[0], tc[1]
		c, err := config.Parse("f", strings.NewReader(line))
		name, _, _ := strings.Cut(line, " ")
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("f:1: %s: ", name)) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s\ngot  %v\nwant it to say %s", line, err, says)
		}
		want := config.Default()
		want.Lines = config.Lines{All: 1, Ours: 1}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("%.60s: changed %+v", line, c)
		}
	}
}

func TestTwiceIsAnError(t *testing.T) {
	for _, line := range []string{"listen /a", "source dev:/a", "source \"program:/a  b\"", "exchange /a"} {
		_, err := config.Parse("f", strings.NewReader(line+"\n\n"+line))
		if err == nil || !strings.HasPrefix(err.Error(), "f:3: ") || !strings.Contains(err.Error(), "after f:1") {
			t.Errorf("%s twice: got %v", line, err)
		}
	}
}
