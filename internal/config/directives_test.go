package config_test

import (
	"fmt"
	"io/fs"
	"net/netip"
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

// TestDirectives changes the default configuration line by line.
func TestDirectives(t *testing.T) {
	for _, tc := range []struct {
		text string
		want func(c *config.Config)
	}{
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
	} {
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

// TestDirectiveErrors: each line alone is an error that says what was expected
// and leaves the default configuration as it was.
func TestDirectiveErrors(t *testing.T) {
	for _, tc := range []struct{ line, says string }{
		{"listen", "absolute path or tcp/HOST:PORT"},
		{"listen run/egd-pool", "absolute path or tcp/HOST:PORT"},
		{`listen ""`, "absolute path or tcp/HOST:PORT"},
		{"listen # /a", "absolute path or tcp/HOST:PORT"},
		{"listen tcp/localhost:0", "port from 1 to 65535"},
		{"listen /a /b", `group= or mode=, found "/b"`},
		{"listen /a mode", `group= or mode=, found "mode"`},
		{"listen /a mode=0999", "octal mode"},
		{"listen /a mode=01777", "octal mode"},
		{"listen /a mode=", "octal mode"},
		{"listen /a mode=-1", "octal mode"},
		{"listen /a mode=1 mode=2", "mode= once"},
		{"listen /a group=", "a name"},
		{"listen /a group=\"x", "closing quote"},
		{"listen /a\x01", "control character"},
		{"include", "one absolute path"},
		{"include x.conf", "absolute path"},
		{"include /x", "no include here"},
		{"listen /a allow=10.0.0.0/8", "group= or mode="},
		{"listen tcp/localhost:1 mode=0600", "allow="},
		{"listen tcp/0.0.0.0:1", "allow=CIDR"},
		{"listen tcp/h:1 allow=", "networks such as"},
		{"listen tcp/h:1 allow=10.0.0.0/8,", "networks such as"},
		{"listen tcp/h:1 allow=10.0.0.0/33", "networks such as"},
		{"listen tcp/h:1 allow=10.0.0.5/24", "10.0.0.0/24 or 10.0.0.5/32"},
		{"listen tcp/h:1 allow=::ffff:10.0.0.0/104", "networks such as"},
		{"listen tcp/h:1 allow=fe80::1%eth0", "networks such as"},
		{"seedfile", "absolute path, or off"},
		{"seedfile seed", "absolute path"},
		{"seedfile /a /b", "absolute path, or off"},
		{"seed-credit maybe", "yes or no"},
		{"seed-credit Yes", "yes or no"},
		{"seed-credit", "yes or no"},
		{"unseeded-wait 10s", "under 10s"},
		{"unseeded-wait -1s", "under 10s"},
		{"unseeded-wait 5", "DURATION"},
		{"unseeded-wait", "DURATION"},
		{"user", "one name"},
		{"user a b", "one name"},
		{`user ""`, "a name"},
		{"command-user", "one name"},
		{"status", "absolute path"},
		{"status s.sock", "absolute path"},
		{"status /s allow=::1", "group= or mode="},
		{"log", "target=, level= or format="},
		{"log stderr", "format= or level= or target="},
		{"log target=file:x", "file:/PATH"},
		{"log target=", "file:/PATH"},
		{"log level=loud", "error, warn, info or debug"},
		{"log format=xml", "text or json"},
		{"gatherer", "NAME every=DURATION"},
		{"gatherer cpu", "NAME every=DURATION"},
		{"gatherer every=1s off", "NAME every=DURATION"},
		{"gatherer cpu on", "every=DURATION or off"},
		{"gatherer cpu every=999ms", "at least 1s"},
		{"gatherer cpu every=-1h", "at least 1s"},
		{"gatherer cpu every=often", "DURATION"},
		{"credit-commands 1", "yes or no"},
		{"command-timeout 0s", "at least 1s"},
		{"command-timeout 1s 2s", "DURATION"},
		{"source", "egd:ADDRESS"},
		{"source /dev/hwrng", "egd:ADDRESS"},
		{"source tcp:x", "egd:ADDRESS"},
		{"source egd:x", "absolute path or tcp/HOST:PORT"},
		{"source dev:hwrng", "absolute path"},
		{"source file:", "absolute path"},
		{"source dev:/d credit=8.1", "0 to 8"},
		{"source dev:/d credit=-1", "0 to 8"},
		{"source dev:/d credit=nan", "0 to 8"},
		{"source dev:/d credit=inf", "0 to 8"},
		{"source dev:/d credit=0x1p-1", "0 to 8"},
		{"source dev:/d credit=", "0 to 8"},
		{"source dev:/d every=1s", "credit="},
		{"exchange", "absolute path"},
		{"exchange prng_exch", "absolute path"},
		{"exchange /x every=0s", "at least 1s"},
		{"write-credit", "uid=NUMBER or gid=NUMBER"},
		{"write-credit alone", "uid=NUMBER or gid=NUMBER"},
		{"write-credit uid=root", "a number"},
		{"write-credit uid=-1", "a number"},
		{"write-credit uid=4294967295", "a number"},
		{"write-credit uid=1 alone alone", "gid= or uid="},
		{"max-connections 0", "number from 1, or auto"},
		{"max-connections -5", "number from 1, or auto"},
		{"per-uid", "number from 1, or auto"},
		{"per-uid " + strings.Repeat("1", 64<<10), "at most 65536 bytes"},
	} {
		c, err := config.Parse("f", strings.NewReader(tc.line))
		name, _, _ := strings.Cut(tc.line, " ")
		if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("f:1: %s: ", name)) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%.60s\ngot  %v\nwant it to say %s", tc.line, err, tc.says)
		}
		want := config.Default()
		want.Lines = config.Lines{All: 1, Ours: 1}
		if !reflect.DeepEqual(c, want) {
			t.Errorf("%.60s: changed %+v", tc.line, c)
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
