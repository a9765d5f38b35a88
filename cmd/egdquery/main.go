// Command egdquery is the admin's tool: it asks an EGD daemon, as egc.pl and
// prngd-ctl did.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"
)

func main() { os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process: it returns the exit status.
func run(argv []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp(stdin, stdout, stderr)
	ordered, err := arrange(argv[min(1, len(argv)):], app)
	if err == nil {
		err = app.Run(append([]string{"egdquery"}, ordered...))
	}
	if err == nil {
		return exitOK
	}
	var failed *exitError
	if !errors.As(err, &failed) { // cli's own: a flag it does not like
		failed = &exitError{exitUsage, err}
	}
	if failed.err == nil { // all is said
		return failed.code
	}
	fmt.Fprintf(stderr, "egdquery: %v\n", err)
	if failed.code == exitUsage {
		fmt.Fprintln(stderr, "Try egdquery --help.")
	}
	return failed.code
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:      "egdquery",
		Usage:     "ask a daemon that speaks the EGD protocol for random bytes, and prngd how it is",
		UsageText: "egdquery [options] [ADDRESS] VERB [argument]",
		Description: "ADDRESS is a socket's path, tcp/HOST:PORT or HOST:PORT. Without one the usual places are tried.\n" +
			"From status on, the verbs ask prngd's control socket.\n" +
			"Options may stand anywhere.\n" +
			"Exit status: 0, 64 wrong usage, 69 no daemon, 74 input or output failed,\n" +
			"75 too few bytes, not done or none in time, 76 an answer that was not understood,\n" +
			"77 not allowed; of health: 0 ok, 1 degraded, 2 critical, 3 unknown.",
		Flags:    globalFlags(),
		Commands: verbs(),
		Reader:   stdin, Writer: stdout, ErrWriter: stderr,
		HideHelpCommand: true, HideVersion: true,
		Compiled:       time.Unix(1, 0), // else cli looks for the binary's file
		OnUsageError:   onUsageError,
		ExitErrHandler: func(*cli.Context, error) {}, // cli's own may call os.Exit
	}
	for _, verb := range app.Commands {
		verb.OnUsageError = onUsageError
		verb.HideHelpCommand = true
	}
	return app
}

func onUsageError(_ *cli.Context, err error, _ bool) error { return usageError("%w", err) }

func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "socket", Aliases: []string{"s"}, Usage: "ask the daemon at `ADDRESS`"},
		&cli.StringFlag{Name: "timeout", Aliases: []string{"t"},
			Usage: "wait at most `T` (10, 500ms, 2m) to connect and for each answer, 0 for ever; by default 10s, readb and wait for ever"},
		&cli.StringFlag{Name: "status", EnvVars: []string{"PRNGD_STATUS"}, Usage: "ask the control socket at `SOCKET`"},
		&cli.BoolFlag{Name: "hex", Usage: "print bytes in hexadecimal, in one line", DisableDefaultText: true},
		&cli.BoolFlag{Name: "base64", Usage: "print bytes in base64, in lines of 64", DisableDefaultText: true},
	}
}
