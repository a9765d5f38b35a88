package config

// Directive is one line of the language beside PRNGD's entries.
type Directive struct {
	Name    string
	Syntax  string // the words that follow the name
	Doc     string // one sentence
	Default string // the words that stand for Default and, on Linux as root, DefaultPaths; "" = nothing
	Repeats bool   // else the last line wins

	parse func(p *parser, words []string) error
}

// Directives returns the whole language. prngd.conf.example is held to it.
func Directives() []Directive {
	return []Directive{
		{
			Name: "listen", Repeats: true, parse: (*parser).listen,
			Syntax:  "PATH [mode=OCTAL] [group=NAME] | tcp/HOST:PORT [allow=CIDR,...]",
			Doc:     "Where clients connect; mode= is 0777 unless -m says otherwise, and TCP beyond this host needs allow=.",
			Default: "/run/egd-pool",
		}, {
			Name: "seedfile", Syntax: "PATH | off", parse: (*parser).seedFile,
			Doc:     "Where the seed survives a restart.",
			Default: "/var/lib/prngd/seed",
		}, {
			Name: "seed-credit", Syntax: "yes | no", parse: yesOrNo(func(c *Config) *bool { return &c.SeedCredit }),
			Doc:     "Whether the seed file counts; never say yes where the disk is cloned, snapshotted or thrown away.",
			Default: "no",
		}, {
			Name: "unseeded-wait", Syntax: "DURATION", parse: (*parser).unseededWait,
			Doc:     "How long a client that takes what there is waits for the first seed, under 10s.",
			Default: "5s",
		}, {
			Name: "user", Syntax: "NAME", parse: name(func(c *Config) *string { return &c.User }),
			Doc:     "Whom the daemon becomes when it is started as root; if there is no such user, root stays, without capabilities.",
			Default: "prngd",
		}, {
			Name: "command-user", Syntax: "NAME", parse: name(func(c *Config) *string { return &c.CommandUser }),
			Doc:     "Who runs the commands of this file when the daemon is started as root; the user nobody if there is no such user.",
			Default: "prngd-cmd",
		}, {
			Name: "log", Syntax: "[target=auto|stderr|syslog|file:PATH] [level=LEVEL] [format=text|json]", parse: (*parser).log,
			Doc:     "Where messages go (auto: stderr with -f or -d, else syslog), and from which of error, warn, info, debug on.",
			Default: "target=auto level=info format=text",
		}, {
			Name: "status", Syntax: "PATH [mode=OCTAL] [group=NAME]", parse: (*parser).status,
			Doc:     "The socket of egdquery status, and who may open it.",
			Default: "/run/prngd/status.sock mode=0600",
		}, {
			Name: "gatherer", Syntax: "NAME every=DURATION|off", Repeats: true, parse: (*parser).gatherer,
			Doc: "Changes the period of a built-in gatherer, at least 1s, or turns it off.",
		}, {
			Name: "credit-commands", Syntax: "yes | no", parse: yesOrNo(func(c *Config) *bool { return &c.CreditCommands }),
			Doc:     "Whether the rates of commands count; any local user can run most of them as well.",
			Default: "no",
		}, {
			Name: "command-timeout", Syntax: "DURATION", parse: (*parser).commandTimeout,
			Doc:     "How long a command may run, at least 1s.",
			Default: "60s",
		}, {
			Name: "source", Syntax: "egd:ADDRESS|dev:PATH|file:PATH [credit=BITS]", Repeats: true, parse: (*parser).source,
			Doc: "Another place to read samples from; credit= is in bits per byte, 0 to 8, by default 0, and by TCP always 0.",
		}, {
			Name: "exchange", Syntax: "PATH [every=DURATION]", Repeats: true, parse: (*parser).exchange,
			Doc: "A file to stir together with Postfix's tlsmgr, every 60s unless told otherwise.",
		}, {
			Name: "write-credit", Syntax: "uid=NUMBER|gid=NUMBER [alone]", Repeats: true, parse: (*parser).writeCredit,
			Doc: "Whose writes count, by default nobody's; alone: they may open the gate without another source.",
		}, {
			Name: "max-connections", Syntax: "NUMBER | auto", parse: limit(func(c *Config) *int { return &c.MaxConnections }),
			Doc:     "How many clients may be connected; auto is 16384, or what RLIMIT_NOFILE leaves.",
			Default: "auto",
		}, {
			Name: "per-uid", Syntax: "NUMBER | auto", parse: limit(func(c *Config) *int { return &c.PerUID }),
			Doc:     "How many of them one user, or one TCP address, may have; auto is half of all.",
			Default: "auto",
		},
	}
}
