package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/term"
	"github.com/urfave/cli/v2"

	"prngd/cmd/egdquery/internal/top"
	"prngd/cmd/egdquery/internal/watch"
	"prngd/internal/control"
)

func topFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "every", Value: "1s", Usage: "look every `T`, at least 100ms"},
		&cli.Uint64Flag{Name: "count", Usage: "end after `N` looks, 0 for never"},
	}
}

// showTop shows how it goes until q, a signal or --count.
func showTop(c *cli.Context) error {
	s, err := findControls(c, watchLimit)
	if err != nil {
		return err
	}
	p, err := newProber(c)
	if err != nil {
		return err
	}
	every, err := parseLimit(c.String("every"))
	if err != nil || every < watchEvery/10 {
		return usageError("option --every %q: expected seconds, or a duration of at least 100ms", c.String("every"))
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	w := watch.Watcher{Ask: func() (*control.Report, error) { return s.ask(control.Status) }, Probe: p.probe, Every: every}
	if terminals(c.App.Reader, c.App.Writer) {
		return screen(ctx, c, w)
	}
	plain := top.NewPlain(c.App.Writer)
	var failed error
	looks(ctx, stop, c.Uint64("count"), w, func(s watch.Sample) {
		if failed = plain.Take(s); failed != nil {
			stop()
		}
	})
	if failed != nil {
		return outputError(failed)
	}
	return nil
}

// looks runs w until ctx ends, or for count samples.
func looks(ctx context.Context, stop func(), count uint64, w watch.Watcher, take func(watch.Sample)) {
	var n uint64
	w.Run(ctx, func(s watch.Sample) {
		take(s)
		if n++; n == count {
			stop()
		}
	})
}

// screen is top on a terminal.
func screen(ctx context.Context, c *cli.Context, w watch.Watcher) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	program := tea.NewProgram(top.New(!unicode()), tea.WithAltScreen(), tea.WithInput(c.App.Reader), tea.WithOutput(c.App.Writer), tea.WithoutSignalHandler())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		looks(ctx, stop, c.Uint64("count"), w, func(s watch.Sample) { program.Send(top.Show(s)) })
		program.Quit()
	}()
	_, err := program.Run()
	stop()
	<-watched
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) {
		return &exitError{exitIO, fmt.Errorf("using the terminal: %w", err)}
	}
	return nil
}

func terminals(streams ...any) bool {
	for _, s := range streams {
		f, ok := s.(*os.File)
		if !ok || !term.IsTerminal(f.Fd()) {
			return false
		}
	}
	return true
}

// unicode says whether the locale's characters are UTF-8: the first of the
// three that is set counts, POSIX.1-2017 8.2.
func unicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := os.Getenv(name); v != "" {
			v = strings.ReplaceAll(strings.ToLower(v), "-", "")
			return strings.Contains(v, "utf8")
		}
	}
	return false
}
