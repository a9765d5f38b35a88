package main

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"prngd/cmd/egdquery/internal/top"
	"prngd/cmd/egdquery/internal/watch"
)

// showTop shows the state of the daemon until q, a signal or --count. A terminal
// that cannot redraw gets a line for each look, as a file does.
func showTop(c *call) error {
	s, err := c.controls(watchLimit)
	if err != nil {
		return err
	}
	p, err := newProber(c)
	if err != nil {
		return err
	}
	w := watch.Watcher{Ask: s.report, Probe: p.probe, Every: watchEvery}
	if c.every > 0 {
		w.Every = c.every
	}
	ctx, stop := signal.NotifyContext(c, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if isTerminal(c.stdin) && redraws(c.stdout) {
		return live(ctx, c, w)
	}
	plain := top.NewPlain(c.stdout)
	var failed error
	unanswered := looks(ctx, stop, c.count, w, func(s watch.Sample) {
		if failed = plain.Take(s); failed != nil {
			stop()
		}
	})
	return cmp.Or(outputError(failed), unanswered)
}

// looks runs w until ctx ends, or for count samples. The error is that of the last
// one, if there were count of them and the daemon answered none.
func looks(ctx context.Context, stop func(), count uint64, w watch.Watcher, take func(watch.Sample)) (unanswered error) {
	var n, answered uint64
	w.Run(ctx, func(s watch.Sample) {
		take(s)
		if s.Err == nil {
			answered++
		}
		if n++; n == count {
			if answered == 0 {
				unanswered = s.Err
			}
			stop()
		}
	})
	return unanswered
}

// live is top on a terminal.
func live(ctx context.Context, c *call, w watch.Watcher) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	t := newTerminal(c.stdin.(*os.File), c.stdout.(*os.File))
	samples, unanswered := make(chan watch.Sample), make(chan error)
	go func() {
		unanswered <- looks(ctx, stop, c.count, w, func(s watch.Sample) {
			select {
			case samples <- s:
			case <-ctx.Done():
			}
		})
	}()
	err := t.run(ctx, top.New(!unicode()), samples)
	stop()
	return cmp.Or(err, <-unanswered)
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
