package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prngd/egdproto"
	"prngd/internal/config"
)

// options is what the command line says; zero = not given.
type options struct {
	Foreground, Debug, NoSeedFile, Kill, CheckConfig bool
	CmdFile, SeedFile, PIDFile                       string // as written, not empty
	Mode                                             *fs.FileMode
	Sample                                           string // a gatherer's name
	Count                                            int    // of samples
	LogLevel, LogFormat                              string // as config.Log has them
	Addresses                                        []egdproto.Address
}

// parseOptions reads PRNGD's command line; argv is os.Args. When done, what
// there was to say has been said, and exit is the exit status: 1 for bad usage,
// as with PRNGD.
func (p Program) parseOptions(argv []string, stdout, stderr io.Writer) (opts options, exit int, done bool) {
	app := newApp(&opts, stdout, stderr)
	given, addresses, err := permute(argv[min(1, len(argv)):], app.Flags)
	switch {
	case err != nil:
	case slices.Contains(given, "--help"): // cli's own way takes an address for a topic
		app.Setup()
		_ = cli.ShowAppHelp(cli.NewContext(app, nil, nil)) // never an error
		return options{}, 0, true
	case slices.Contains(given, "--version"): // before any value is looked at, as with PRNGD
		fmt.Fprintf(stdout, "prngd %s (%s)\n", p.Version, p.buildDate())
		return options{}, 0, true
	default:
		err = app.Run(slices.Concat([]string{"prngd"}, given, []string{"--"}, addresses))
	}
	if err != nil {
		fmt.Fprintf(stderr, "prngd: %v\n%s", err, usage(app.Flags))
		return options{}, 1, true
	}
	return opts, 0, false
}

func newApp(o *options, stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:      "prngd",
		Usage:     "random bytes for EGD clients",
		UsageText: "prngd [options] [ADDRESS ...]",
		Description: "An ADDRESS is the absolute path of a socket, or tcp/localhost:PORT. " +
			"Addresses replace the listen lines of prngd.conf. Options and addresses may be mixed.",
		Flags:  flags(o, stderr),
		Writer: stdout, ErrWriter: stderr,
		HideHelp: true, HideVersion: true, // cli's own take -h, and other words
		Compiled:       time.Unix(1, 0), // else cli looks for the binary's file
		Action:         func(c *cli.Context) error { return o.finish(c.Args().Slice()) },
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return err },
		ExitErrHandler: func(*cli.Context, error) {}, // cli's own may call os.Exit
	}
}

func flags(o *options, stderr io.Writer) []cli.Flag {
	var l config.Log // checks its values as the log directive does
	return []cli.Flag{
		toggle(&o.Foreground, "stay in the foreground", "fg", "f"),
		toggle(&o.Debug, "stay in the foreground, log everything on stderr", "debug", "d"),
		text(store(&o.CmdFile), "read the configuration from `FILE`", "cmdfile", "c"),
		text(store(&o.SeedFile), "keep the seed in `FILE`", "seedfile", "s"),
		toggle(&o.NoSeedFile, "keep no seed", "no-seedfile", "n"),
		text(store(&o.PIDFile), "write the process id to `FILE`", "pidfile", "p"),
		text(func(s string) error { return o.setMode(s, stderr) }, "`OCTAL` mode of the sockets", "mode", "m"),
		toggle(&o.Kill, "stop the daemon at each ADDRESS", "kill", "k", "killmode"),
		toggle(new(bool), "print the version", "version", "v"),
		toggle(&o.CheckConfig, "check the configuration, try every source, and report", "check-config"),
		text(store(&o.Sample), "print samples of `GATHERER`", "sample"),
		text(o.setCount, "how many samples to print: `N`", "count"),
		text(func(s string) error { o.LogLevel = s; return l.SetLevel(s) }, "log from `LEVEL` on: error, warn, info or debug", "log-level"),
		text(func(s string) error { o.LogFormat = s; return l.SetFormat(s) }, "log as `FORMAT`: text or json", "log-format"),
		toggle(new(bool), "print this", "help"),
	}
}

func toggle(dst *bool, usage, name string, aliases ...string) cli.Flag {
	return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage, Destination: dst, DisableDefaultText: true}
}

// text makes an option whose value set checks and stores; it is called only if
// the option is given.
func text(set func(string) error, usage, name string, aliases ...string) cli.Flag {
	action := func(_ *cli.Context, s string) error {
		if err := set(s); err != nil {
			return fmt.Errorf("option --%s %q: %w", name, s, err)
		}
		return nil
	}
	return &cli.StringFlag{Name: name, Aliases: aliases, Usage: usage, Action: action}
}

func store(dst *string) func(string) error {
	return func(s string) error { *dst = s; return nil }
}

func (p Program) buildDate() string {
	if p.Date != "" {
		return p.Date
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if day, _, ok := strings.Cut(s.Value, "T"); ok && s.Key == "vcs.time" {
				return day
			}
		}
	}
	return "unknown"
}

// setMode reads a mode as PRNGD's strtol does: octal digits, and whatever
// follows them is ignored. We say so.
func (o *options) setMode(s string, stderr io.Writer) error {
	written := strings.TrimLeft(s, " \t\n\v\f\r")
	octal := written[:len(written)-len(strings.TrimLeft(written, "01234567"))]
	m, err := strconv.ParseUint(octal, 8, 32)
	if err != nil || m > 0o7777 {
		return errors.New("cannot interpret socket mode, expected octal digits such as 0660")
	}
	bits := fs.FileMode(m) & fs.ModePerm // a socket has no use for the others
	if octal != s || uint64(bits) != m {
		fmt.Fprintf(stderr, "prngd: option --mode %q is read as %#o\n", s, bits)
	}
	o.Mode = &bits
	return nil
}

func (o *options) setCount(s string) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return errors.New("expected a number from 1")
	}
	o.Count = int(n)
	return nil
}

// finish takes the addresses, and looks at what only makes sense together.
func (o *options) finish(addresses []string) error {
	for _, s := range addresses {
		a, err := egdproto.ParseAddress(s)
		if err != nil {
			return err
		}
		if a.Network == "tcp" && !a.Loopback() {
			return fmt.Errorf("address %q: expected tcp/localhost:PORT; "+
				"to serve other hosts, write listen %s allow=NETWORK into prngd.conf", s, a)
		}
		o.Addresses = append(o.Addresses, a)
	}
	if o.Count > 0 && o.Sample == "" {
		return errors.New("option --count: expected --sample GATHERER as well")
	}
	return nil
}

// usage is the short form, from the same table as everything else.
func usage(flags []cli.Flag) string {
	text, line := "", "usage: prngd"
	for _, f := range flags {
		word := "[" + strings.Join(dashed(f), "|")
		if parts := strings.Split(f.(cli.DocGenerationFlag).GetUsage(), "`"); len(parts) == 3 {
			word += " " + parts[1]
		}
		if len(line)+len(word) > 76 {
			text, line = text+line+"\n", "            "
		}
		line += " " + word + "]"
	}
	return text + line + " [ADDRESS ...]\nan ADDRESS is the absolute path of a socket, or tcp/localhost:PORT\n"
}

// dashed returns a flag's names as they are written.
func dashed(f cli.Flag) []string {
	names := slices.Clone(f.Names())
	for i, name := range names {
		names[i] = "--"[:min(2, len(name))] + name
	}
	return names
}

// scanner puts a command line in the order that cli wants: it stops at the
// first address, and refuses an option given under two of its names.
type scanner struct {
	forms              map[string]form
	rest               []string // not looked at yet
	options, addresses []string
}

type form struct {
	name       string // the flag's first
	takesValue bool
}

// permute divides args (without the program's name) into options, each written
// --name or --name=value, and addresses, both in their order.
func permute(args []string, flags []cli.Flag) (options, addresses []string, err error) {
	s := scanner{forms: map[string]form{}, rest: args}
	for _, f := range flags {
		for _, name := range dashed(f) {
			s.forms[name] = form{f.Names()[0], f.(cli.DocGenerationFlag).TakesValue()}
		}
	}
	for len(s.rest) > 0 {
		if err := s.next(); err != nil {
			return nil, nil, err
		}
	}
	return s.options, s.addresses, nil
}

func (s *scanner) next() error {
	arg := s.rest[0]
	s.rest = s.rest[1:]
	switch {
	case arg == "--":
		s.addresses = append(s.addresses, s.rest...)
		s.rest = nil
	case strings.HasPrefix(arg, "--"):
		name, value, given := strings.Cut(arg, "=")
		return s.option(arg, name, value, given)
	case strings.HasPrefix(arg, "-") && arg != "-":
		return s.letters(arg)
	default:
		s.addresses = append(s.addresses, arg)
	}
	return nil
}

// letters takes -f, and -fn for -f -n, and -nsFILE for -n -s FILE.
func (s *scanner) letters(arg string) error {
	for i := 1; i < len(arg); i++ {
		name, after := "-"+arg[i:i+1], arg[i+1:]
		if s.forms[name].takesValue {
			return s.option(arg, name, after, after != "")
		}
		if err := s.option(arg, name, "", false); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) option(arg, name, value string, given bool) error {
	f, known := s.forms[name]
	switch {
	case !known:
		return fmt.Errorf("%q: expected one of the options below", arg)
	case !f.takesValue && given:
		return fmt.Errorf("%q: expected no value for %s", arg, name)
	case !f.takesValue:
		s.add("--" + f.name)
		return nil
	}
	if !given && len(s.rest) > 0 {
		value, given, s.rest = s.rest[0], true, s.rest[1:]
	}
	if value == "" {
		return fmt.Errorf("%q: expected a value for %s", arg, name)
	}
	s.add("--" + f.name + "=" + value)
	return nil
}

// add appends an option. Of -n and -s only the later remains.
func (s *scanner) add(option string) {
	seed := func(o string) bool { return o == "--no-seedfile" || strings.HasPrefix(o, "--seedfile=") }
	if seed(option) {
		s.options = slices.DeleteFunc(s.options, seed)
	}
	s.options = append(s.options, option)
}
