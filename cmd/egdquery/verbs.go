package main

import "github.com/urfave/cli/v2"

// verbs is the menu, in the order of the help. A verb that needs options of
// its own lists them in Flags.
func verbs() []*cli.Command {
	return []*cli.Command{
		{Name: "get", Usage: "print how many bits of entropy the daemon holds", Action: plain(0, get)},
		{Name: "read", ArgsUsage: "N", Usage: "print N random bytes, or as many as there are at once", Action: plain(1, read)},
		{Name: "readb", ArgsUsage: "N", Usage: "print N random bytes, wait for them if need be", Action: plain(1, readBlocking)},
		{Name: "write", ArgsUsage: "BITS", Usage: "give standard input to the daemon and claim BITS of entropy for it", Action: plain(1, write)},
		{Name: "pid", Usage: "print the daemon's process id", Action: plain(0, pid)},
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
