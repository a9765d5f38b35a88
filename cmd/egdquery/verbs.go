package main

import (
	"github.com/urfave/cli/v2"

	"prngd/internal/control"
)

// verbs is the menu, in the order of the help. A verb that needs options of
// its own lists them in Flags.
func verbs() []*cli.Command {
	return []*cli.Command{
		{Name: "get", Usage: "print how many bits of entropy the daemon holds", Action: plain(0, get)},
		{Name: "read", ArgsUsage: "N", Usage: "print N random bytes, or as many as there are at once", Action: plain(1, read)},
		{Name: "readb", ArgsUsage: "N", Usage: "print N random bytes, wait for them if need be", Action: plain(1, readBlocking)},
		{Name: "write", ArgsUsage: "BITS", Usage: "give standard input to the daemon and claim BITS of entropy for it", Action: plain(1, write)},
		{Name: "pid", Usage: "print the daemon's process id", Action: plain(0, pid)},

		{Name: "status", Usage: "print how prngd is", Action: plain(0, status), Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Usage: "print it as data", DisableDefaultText: true},
		}},
		{Name: "top", Usage: "show live how prngd is, until q; line by line where there is no terminal", Action: plain(0, showTop), Flags: topFlags()},
		{Name: "health", Usage: "print one line and exit as a monitoring plug-in: 0 ok, 1 degraded, 2 critical, 3 unknown", Action: plain(0, health)},
		{Name: "wait", Usage: "wait until prngd is seeded", Action: plain(0, wait)},
		{Name: control.Reseed, Usage: "have prngd reseed; returns once the new state is in use", Action: plain(0, act)},
		{Name: control.Save, Usage: "have prngd save its seed file", Action: plain(0, act)},
		{Name: control.Reload, Usage: "have prngd read its configuration again", Action: plain(0, act)},
		{Name: control.Upgrade, Usage: "have prngd replace itself by the program on disk, keeping its clients", Action: plain(0, act)},
		{Name: "exchange", ArgsUsage: "read|stir FILE", Usage: "stir an exchange file, and print 1024 bytes made with it", Action: exchange},
		{Name: "metrics", Usage: "print Prometheus metrics, once", Action: plain(0, printMetrics)},
		{Name: "serve", Usage: "serve Prometheus metrics, /healthz and a page with live plots over HTTP", Action: plain(0, serve), Flags: serveFlags()},
	}
}

// plain makes an action of a verb with n arguments.
func plain(n int, action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.NArg() != n {
			if n == 0 {
				return usageError("%s: expected no argument, got %q", c.Command.Name, c.Args().Slice())
			}
			return usageError("%s: expected one argument, %s, got %q", c.Command.Name, c.Command.ArgsUsage, c.Args().Slice())
		}
		return action(c)
	}
}
