package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"prngd/egdproto"
)

// Options is what the command line says; zero = not given.
type Options struct {
	Foreground, Debug, NoSeedFile, Kill, CheckConfig bool
	CmdFile, SeedFile, PIDFile                       string // as written, not empty
	Mode                                             *fs.FileMode
	ReadyFD                                          int    // 3 or more
	Sample                                           string // a gatherer's name
	Count                                            int    // of samples
	LogLevel, LogFormat                              string // as Log has them
	Addresses                                        []egdproto.Address
}

// ParseOptions reads PRNGD's command line; argv is os.Args, and version is the
// line that --version prints. When done, what there was to say has been said, and
// exit is the exit status: 1 for bad usage, as with PRNGD.
func ParseOptions(version string, argv []string, stdout, stderr io.Writer) (opts Options, exit int, done bool) {
	app := newApp(&opts, stdout, stderr)
	given, addresses, err := permute(firstTry(argv[min(1, len(argv)):]), app.Flags)
	switch {
	case err != nil:
	case slices.Contains(given, "--help"): // cli's own way takes an address for a topic
		app.Setup()
		_ = cli.ShowAppHelp(cli.NewContext(app, nil, nil)) // never an error
		return Options{}, 0, true
	case slices.Contains(given, "--version"): // before any value is looked at, as with PRNGD
		fmt.Fprintln(stdout, version)
		return Options{}, 0, true
	default:
		err = app.Run(slices.Concat([]string{"prngd"}, given, []string{"--"}, addresses))
	}
	if err != nil {
		fmt.Fprintf(stderr, "prngd: %v\n%s", err, usage(app.Flags))
		return Options{}, 1, true
	}
	return opts, 0, false
}

// LocateOptions reads of a daemon's command line what [ConfiguredControl] needs. It
// is ParseOptions without the library that it links: 2.2 MB of egdquery, and 3 ms of
// its start.
func LocateOptions(argv []string) (o Options, err error) {
	given, addresses, err := permute(firstTry(argv[min(1, len(argv)):]), flags(&o, io.Discard))
	for _, option := range given {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "--cmdfile":
			o.CmdFile = value
		case "--help", "--version":
			return Options{}, errors.New("not the command line of a daemon")
		}
	}
	if err == nil {
		err = o.finish(addresses)
	}
	return o, err
}

// firstTry lets prngd help and prngd version work, which are no addresses.
func firstTry(args []string) []string {
	if len(args) == 1 && (args[0] == "help" || args[0] == "version") {
		return []string{"--" + args[0]}
	}
	return args
}

func newApp(o *Options, stdout, stderr io.Writer) *cli.App {
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

func flags(o *Options, stderr io.Writer) []cli.Flag {
	var l Log // checks its values as the log directive does
	return []cli.Flag{
		toggle(&o.Foreground, "stay in the foreground", "fg", "f"),
		toggle(&o.Debug, "stay in the foreground, log everything on stderr", "debug", "d"),
		option(store(&o.CmdFile), "read the configuration from `FILE`", "cmdfile", "c"),
		option(store(&o.SeedFile), "keep the seed in `FILE`", "seedfile", "s"),
		toggle(&o.NoSeedFile, "keep no seed", "no-seedfile", "n"),
		option(store(&o.PIDFile), "write the process id to `FILE`", "pidfile", "p"),
		option(func(s string) error { return o.setMode(s, stderr) }, "`OCTAL` mode of the sockets", "mode", "m"),
		toggle(&o.Kill, "stop the daemon at each ADDRESS", "kill", "k", "killmode"),
		toggle(new(bool), "print the version", "version", "v"),
		option(o.setReadyFD, "write a newline to descriptor `N` and close it when clients are served", "ready-fd"),
		toggle(&o.CheckConfig, "check the configuration, try every source, and report", "check-config"),
		option(store(&o.Sample), "print samples of `GATHERER`", "sample"),
		option(o.setCount, "how many samples to print: `N`", "count"),
		option(func(s string) error { err := l.SetLevel(s); o.LogLevel = l.Level; return err }, "log from `LEVEL` on: error, warn, info or debug", "log-level"),
		option(func(s string) error { err := l.SetFormat(s); o.LogFormat = l.Format; return err }, "log as `FORMAT`: text or json", "log-format"),
		toggle(new(bool), "print this", "help", "h"),
	}
}

func toggle(dst *bool, usage, name string, aliases ...string) cli.Flag {
	return &cli.BoolFlag{Name: name, Aliases: aliases, Usage: usage, Destination: dst, DisableDefaultText: true}
}

// option makes an option whose value set checks and stores; it is called only if
// the option is given.
func option(set func(string) error, usage, name string, aliases ...string) cli.Flag {
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

// setMode reads a mode as PRNGD's strtol does: octal digits, and whatever
// follows them is ignored, and says so. 0o660 is 0660.
func (o *Options) setMode(s string, stderr io.Writer) error {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "0o"), "0O")
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

func (o *Options) setCount(s string) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return errors.New("expected a number from 1")
	}
	o.Count = int(n)
	return nil
}

func (o *Options) setReadyFD(s string) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n < 3 {
		return errors.New("expected the number of an open descriptor, from 3")
	}
	o.ReadyFD = int(n)
	return nil
}

// finish takes the addresses, and looks at what only makes sense together.
func (o *Options) finish(addresses []string) error {
	for _, s := range addresses {
		a, err := egdproto.ParseAddress(s)
		if err != nil {
			return err
		}
		if a.Network == "tcp" && !a.Loopback() && !o.Kill {
			return fmt.Errorf("address %q: expected tcp/localhost:PORT; "+
				"to serve other hosts, write listen %s allow=NETWORK into prngd.conf", s, a)
		}
		o.Addresses = append(o.Addresses, a)
	}
	if o.Kill && (o.CheckConfig || o.Sample != "") || o.CheckConfig && o.Sample != "" {
		return errors.New("options --kill, --check-config and --sample: expected one of them")
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
