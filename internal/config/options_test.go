package config

import (
	"io"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"prngd/egdproto"
)

func run(args ...string) (opts Options, exit int, done bool, stdout, stderr string) {
	var out, err strings.Builder
	opts, exit, done = ParseOptions("prngd 0.1.0-dev (today)", append([]string{"/usr/sbin/prngd"}, args...), &out, &err)
	return opts, exit, done, out.String(), err.String()
}

func at(paths ...string) (list []egdproto.Address) {
	for _, p := range paths {
		list = append(list, egdproto.Address{Network: "unix", Path: p})
	}
	return list
}

func local(host string, port int) []egdproto.Address {
	return []egdproto.Address{{Network: "tcp", Host: host, Port: port}}
}

func octal(m fs.FileMode) *fs.FileMode { return &m }

// argv makes the words of a command line; ” is an empty one.
func argv(s string) []string {
	words := strings.Fields(s)
	for i, w := range words {
		if w == "''" {
			words[i] = ""
		}
	}
	return words
}

// commandLine is the words after the program's name and what they mean.
type commandLine struct {
	args string
	want Options
}

// everyOption has each option by each name, and lines of boot scripts.
func everyOption() []commandLine {
	return []commandLine{
		{"", Options{}},
		{"--", Options{}},
		{"/a", Options{Addresses: at("/a")}},
		{"/a /b /a", Options{Addresses: at("/a", "/b", "/a")}},

		// Every option, by every name.
		{"-f", Options{Foreground: true}},
		{"--fg", Options{Foreground: true}},
		{"-d", Options{Debug: true}},
		{"--debug", Options{Debug: true}},
		{"-c x", Options{CmdFile: "x"}},
		{"--cmdfile x", Options{CmdFile: "x"}},
		{"-s x", Options{SeedFile: "x"}},
		{"--seedfile x", Options{SeedFile: "x"}},
		{"-n", Options{NoSeedFile: true}},
		{"--no-seedfile", Options{NoSeedFile: true}},
		{"-p x", Options{PIDFile: "x"}},
		{"--pidfile x", Options{PIDFile: "x"}},
		{"-m 600", Options{Mode: octal(0o600)}},
		{"--mode 600", Options{Mode: octal(0o600)}},
		{"--ready-fd 3", Options{ReadyFD: 3}},
		{"--log-level warning", Options{LogLevel: "warn"}}, // C6
		{"-k", Options{Kill: true}},
		{"--kill", Options{Kill: true}},
		{"--killmode", Options{Kill: true}},
		{"--check-config", Options{CheckConfig: true}},
		{"--sample jitter", Options{Sample: "jitter"}},
		{"--count 3 --sample jitter", Options{Sample: "jitter", Count: 3}},
		{"--log-level debug", Options{LogLevel: "debug"}},
		{"--log-format json", Options{LogFormat: "json"}},

		// Lines of boot scripts.
		{"/var/run/egd-pool", Options{Addresses: at("/var/run/egd-pool")}},
		{"-k /var/run/egd-pool", Options{Kill: true, Addresses: at("/var/run/egd-pool")}},
		{"--cmdfile /etc/prngd.conf --seedfile /etc/prngd-seed --mode 0666 tcp/localhost:708 /var/run/egd-pool",
			Options{CmdFile: "/etc/prngd.conf", SeedFile: "/etc/prngd-seed", Mode: octal(0o666),
				Addresses: append(local("localhost", 708), at("/var/run/egd-pool")...)}},
	}
}

// mixedOptions has options in other orders and forms.
func mixedOptions() []commandLine {
	return []commandLine{
		// Mixed, and the order of addresses kept.
		{"/a -f", Options{Foreground: true, Addresses: at("/a")}},
		{"/b -c x /a -n", Options{CmdFile: "x", NoSeedFile: true, Addresses: at("/b", "/a")}},
		{"/a -k /b", Options{Kill: true, Addresses: at("/a", "/b")}},

		// The later wins.
		{"-c a -c b", Options{CmdFile: "b"}},
		{"-c a --cmdfile b", Options{CmdFile: "b"}},
		{"--cmdfile=a -cb /x -c c", Options{CmdFile: "c", Addresses: at("/x")}},
		{"-f --fg -f", Options{Foreground: true}},
		{"-k --killmode --kill", Options{Kill: true}},
		{"-m 0600 -m 0660", Options{Mode: octal(0o660)}},
		{"-n -s X", Options{SeedFile: "X"}},
		{"-s X -n", Options{NoSeedFile: true}},
		{"-s X /a --no-seedfile --seedfile=Y", Options{SeedFile: "Y", Addresses: at("/a")}},
		{"-s X -n -s Y -n", Options{NoSeedFile: true}},
		{"-s --no-seedfile", Options{SeedFile: "--no-seedfile"}},

		// The GNU forms.
		{"-fn", Options{Foreground: true, NoSeedFile: true}},
		{"-fcX", Options{Foreground: true, CmdFile: "X"}},
		{"-fc X", Options{Foreground: true, CmdFile: "X"}},
		{"-nsX", Options{SeedFile: "X"}},
		{"-sn", Options{SeedFile: "n"}},
		{"-c=X", Options{CmdFile: "=X"}},
		{"--mode=0660", Options{Mode: octal(0o660)}},
		{"-m0660", Options{Mode: octal(0o660)}},
		{"--cmdfile=a=b", Options{CmdFile: "a=b"}},
		{"-f -- /a", Options{Foreground: true, Addresses: at("/a")}},
		{"/a -- /b", Options{Addresses: at("/a", "/b")}},

		// A value is a value, whatever it looks like.
		{"-c -f", Options{CmdFile: "-f"}},
		{"-c -- /a", Options{CmdFile: "--", Addresses: at("/a")}},
		{"-p --help", Options{PIDFile: "--help"}},
		{"-c - /a", Options{CmdFile: "-", Addresses: at("/a")}},
		{"--sample=--count", Options{Sample: "--count"}},
		{"-s kill /kill", Options{SeedFile: "kill", Addresses: at("/kill")}},

		// Modes as strtol reads them, and addresses.
		{"-m 0", Options{Mode: octal(0)}}, // A16
		{"--mode 0o660", Options{Mode: octal(0o660)}},
		{"-m0O0", Options{Mode: octal(0)}},
		{"-m 00000000777", Options{Mode: octal(0o777)}},
		{"tcp/127.0.0.1:708", Options{Addresses: local("127.0.0.1", 708)}},
		{"tcp/127.8.9.1:1", Options{Addresses: local("127.8.9.1", 1)}},
		{"tcp/[::1]:708", Options{Addresses: local("::1", 708)}},
	}
}

func TestOptions(t *testing.T) {
	for _, tc := range append(everyOption(), mixedOptions()...) {
		opts, exit, done, stdout, stderr := run(argv(tc.args)...)
		if done || exit != 0 || stdout != "" || stderr != "" || !reflect.DeepEqual(opts, tc.want) {
			t.Errorf("prngd %s\ngot  %+v, exit %d, done %v, %s%s\nwant %+v", tc.args, opts, exit, done, stdout, stderr, tc.want)
		}
	}
}

// What LocateOptions reads is what ParseOptions reads.
func TestLocateOptions(t *testing.T) {
	for _, tc := range append(everyOption(), mixedOptions()...) {
		got, err := LocateOptions(append([]string{"prngd"}, argv(tc.args)...))
		if err != nil || got.CmdFile != tc.want.CmdFile || !slices.Equal(got.Addresses, tc.want.Addresses) {
			t.Errorf("prngd %s\ngot  %+v, %v\nwant %+v", tc.args, got, err, tc.want)
		}
	}
	for _, args := range []string{"--help", "version", "--no-such", "-c", "-k relative"} {
		if o, err := LocateOptions(append([]string{"prngd"}, argv(args)...)); err == nil {
			t.Errorf("prngd %s: %+v", args, o)
		}
	}
}

// TestUsageErrors: one line names what is wrong and what was expected, the
// usage follows, nothing goes to stdout, and the exit status is PRNGD's.
func TestUsageErrors(t *testing.T) {
	text, err := os.ReadFile("testdata/usage_errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\t"); n < 50 {
		t.Errorf("%d lines, expected 50 and more", n)
	}
	for line := range strings.Lines(string(text)) {
		args, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue // a comment
		}
		opts, exit, done, stdout, stderr := run(argv(args)...)
		first, rest, _ := strings.Cut(stderr, "\n")
		if !done || exit != 1 || stdout != "" || first != "prngd: "+want || !strings.HasPrefix(rest, "usage: prngd [") {
			t.Errorf("prngd %s\ngot  exit %d, done %v, %s\nwant prngd: %s\nstdout %q", args, exit, done, stderr, want, stdout)
		}
		if !reflect.DeepEqual(opts, Options{}) {
			t.Errorf("prngd %s: options %+v", args, opts)
		}
	}
}

// TestSloppyModes: PRNGD took them, so boot scripts may hold them.
func TestSloppyModes(t *testing.T) {
	for arg, want := range map[string]fs.FileMode{"0660x": 0o660, "0698": 0o6, " 0660": 0o660, "1777": 0o777, "0x1ff": 0} {
		opts, exit, done, _, stderr := run("-m", arg, "/a")
		if done || exit != 0 || opts.Mode == nil || *opts.Mode != want || strings.Count(stderr, "\n") != 1 {
			t.Errorf("-m %q: got %v, exit %d, %q; want %v and one line of warning", arg, opts.Mode, exit, stderr, want)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	for _, args := range []string{"-v", "--version", "version", "/a -v", "-v -m 9", "-kv relative", "-fv"} {
		_, exit, done, stdout, stderr := run(argv(args)...)
		if !done || exit != 0 || stderr != "" || !regexp.MustCompile(`^prngd \S+ \(\S+\)\n$`).MatchString(stdout) {
			t.Errorf("prngd %s: exit %d, done %v, %q, %q", args, exit, done, stdout, stderr)
		}
	}
	_, _, _, stdout, _ := run("--help")
	for _, args := range []string{"/a --help", "-h", "-fh", "help", "-h -m 9"} { // C5
		_, exit, done, same, stderr := run(argv(args)...)
		if !done || exit != 0 || stderr != "" || same != stdout {
			t.Errorf("prngd %s: exit %d, done %v, %q", args, exit, done, stderr)
		}
	}
	for _, f := range flags(&Options{}, nil) {
		for _, name := range dashed(f) {
			if !strings.Contains(stdout, name) || !strings.Contains(usage(flags(&Options{}, nil)), name) {
				t.Errorf("no help on %s", name)
			}
		}
	}
}

// TestNoProgramName: execve may be given no argv at all.
func TestNoProgramName(t *testing.T) {
	opts, exit, done := ParseOptions("", nil, nil, nil)
	if done || exit != 0 || !reflect.DeepEqual(opts, Options{}) {
		t.Errorf("got %+v, exit %d, done %v", opts, exit, done)
	}
}

// FuzzOptions: a command line means the same put in order, long options first,
// then two dashes, then the addresses; whatever ends it early says why; and of a
// seed file and none, one remains.
func FuzzOptions(f *testing.F) {
	for _, args := range []string{"-fnsX\n--mode=0660\n/a", "--\n-f\n", "-c\n-f\ntcp/localhost:1\n-k", "--help", "-v", "-m\n0660x",
		"-s\nX\n-n", "--seedfile=--\n/a\n--\n--fg", "/a\n-p\nX\n/b\n--count=3\n--sample\njitter"} {
		f.Add(args)
	}
	f.Fuzz(func(t *testing.T, args string) {
		words := strings.Split(args, "\n")
		opts, exit, done, stdout, stderr := run(words...)
		switch {
		case done && exit == 0 && stdout == "", done && exit == 1 && stderr == "":
			t.Errorf("%q: done without a word", args)
		case exit != 0 && !done, exit != 0 && exit != 1:
			t.Errorf("%q: exit %d, done %v", args, exit, done)
		case opts.NoSeedFile && opts.SeedFile != "":
			t.Errorf("%q: a seed file and none: %+v", args, opts)
		}
		given, addresses, err := permute(words, flags(new(Options), io.Discard))
		if err != nil {
			return
		}
		again := slices.Concat(given, []string{"--"}, addresses)
		same, status, ended, out, complaint := run(again...)
		if !reflect.DeepEqual(same, opts) || status != exit || ended != done || out != stdout || complaint != stderr {
			t.Errorf("%q is %+v, exit %d, %q, but %q is %+v, exit %d, %q", words, opts, exit, stderr, again, same, status, complaint)
		}
	})
}
