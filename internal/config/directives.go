package config

import "slices"

// Directive is one line of the language beside PRNGD's entries.
type Directive struct {
	Name    string
	Syntax  string // the words that follow the name
	Doc     string // one sentence, for prngd.conf.example
	Default string // the words that stand for Default and, on Linux as root, DefaultPaths; "" = nothing
	Repeats bool   // else the last line wins

	parse func(l *line, words []string) error
}

// Directives returns the whole language. prngd.conf.example and prngd.conf(5) are
// held to it.
func Directives() []Directive {
	return slices.Concat(socketDirectives(), seedDirectives(), sourceDirectives(), daemonDirectives())
}

func socketDirectives() []Directive {
	return []Directive{
		{
			Name: "listen", Repeats: true, parse: (*line).listen,
			Syntax:  "PATH [mode=OCTAL] [group=NAME] | tcp/HOST:PORT [allow=CIDR,...]",
			Doc:     "Where clients connect; mode= is 0777 unless -m says otherwise, and TCP beyond this host needs allow=.",
			Default: "/run/egd-pool",
		}, {
			Name: "max-connections", Syntax: "NUMBER | auto", parse: limit(func(c *Config) *int { return &c.MaxConnections }),
			Doc:     "How many clients may be connected; auto is 16384, or what RLIMIT_NOFILE leaves.",
			Default: "auto",
		}, {
			Name: "per-uid", Syntax: "NUMBER | auto", parse: limit(func(c *Config) *int { return &c.PerUID }),
			Doc:     "How many of them one user, or one TCP address, may have; auto is half of all.",
			Default: "auto",
		}, {
			Name: "status", Syntax: "PATH [mode=OCTAL] [group=NAME]", parse: (*line).status,
			Doc:     "The socket of egdquery status, and the mode and group that may open it.",
			Default: "/run/prngd/status.sock mode=0600",
		}, {
			Name: "unseeded-wait", Syntax: "DURATION", parse: (*line).unseededWait,
			Doc:     "How long a client that takes what there is waits for the first seed, under 10s.",
			Default: "5s",
		},
	}
}

func seedDirectives() []Directive {
	return []Directive{
		{
			Name: "seedfile", Syntax: "PATH | off", parse: (*line).seedFile,
			Doc:     "Where the seed survives a restart.",
			Default: "/var/lib/prngd/seed",
		}, {
			Name: "seed-credit", Syntax: "yes | no", parse: yesOrNo(func(c *Config) *bool { return &c.SeedCredit }),
			Doc:     "Whether the seed file counts; never say yes where the disk is cloned, snapshotted or thrown away.",
			Default: "no",
		}, {
			Name: "exchange", Syntax: "PATH [every=DURATION]", Repeats: true, parse: (*line).exchange,
			Doc: "A file to stir together with Postfix's tlsmgr, every 60s unless told otherwise.",
		},
	}
}

func sourceDirectives() []Directive {
	return []Directive{
		{
			Name: "gatherer", Syntax: "NAME every=DURATION|off", Repeats: true, parse: (*line).gatherer,
			Doc: "Changes the period of a built-in gatherer, at least 1s, or turns it off.",
		}, {
			Name: "source", Repeats: true, parse: (*line).source,
			Syntax: `egd:ADDRESS|stream:ADDRESS|dev:PATH|fifo:PATH|file:PATH|"program:PATH ARGUMENT ..." [credit=BITS]`,
			Doc:    "Another place to read samples from; credit= is in bits per byte, 0 to 8, by default 0, and by TCP always 0.",
		}, {
			Name: "write-credit", Syntax: "[uid=NUMBER] [gid=NUMBER] [alone]", Repeats: true, parse: (*line).writeCredit,
			Doc: "Whose writes count, by default nobody's; alone: they may seed the generator without another source.",
		}, {
			Name: "credit-commands", Syntax: "yes | no", parse: yesOrNo(func(c *Config) *bool { return &c.CreditCommands }),
			Doc:     "Whether the rates of commands count; any local user can run most of them as well.",
			Default: "no",
		}, {
			Name: "command-timeout", Syntax: "DURATION", parse: (*line).commandTimeout,
			Doc:     "How long a command may run, at least 1s.",
			Default: "60s",
		}, {
			Name: "command-user", Syntax: "NAME", parse: userName(func(c *Config) *Name { return &c.CommandUser }),
			Doc:     "The user who runs the commands when the daemon is started as root; without this line and without prngd-cmd, nobody.",
			Default: "prngd-cmd",
		},
	}
}

func daemonDirectives() []Directive {
	return []Directive{
		{
			Name: "user", Syntax: "NAME", parse: userName(func(c *Config) *Name { return &c.User }),
			Doc:     "The user that the daemon becomes when it is started as root; without this line and without prngd, it stays root without capabilities.",
			Default: "prngd",
		}, {
			Name: "log", Syntax: "[target=WHERE] [level=LEVEL] [format=FORMAT]", parse: (*line).log,
			Doc:     "Where messages go (auto: stderr with -f or -d, else syslog), and from which of error, warn, info, debug on.",
			Default: "target=auto level=info format=text",
		}, {
			Name: "include", Syntax: "PATH", Repeats: true, parse: (*line).includeFile,
			Doc: "Reads another file here, or the *.conf files of a directory in the order of their names.",
		},
	}
}
