package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"prngd/gatherers"
	"prngd/internal/config"
	"prngd/internal/sources"
)

// checkConfig takes one sample of every source and prints a line for each:
// found or missing, bytes, milliseconds, credit. It exits 78 if a line of
// prngd.conf could not be used.
func checkConfig(s *config.Settings, stdout io.Writer) error {
	list, err := listSources(s)
	if err != nil {
		return err
	}
	for _, p := range s.Problems {
		fmt.Fprintln(stdout, p)
	}
	for _, line := range trial(list) {
		fmt.Fprintln(stdout, line)
	}
	fmt.Fprintf(stdout, "sources=%d undef=%d rejected=%d\n", len(list), s.Undef, s.Rejected)
	if s.Rejected > 0 {
		return exitError{exitConfig, fmt.Errorf("%s: %d lines rejected", s.Path, s.Rejected)}
	}
	return nil
}

// trial samples every source once, all at the same time, in the order of list.
func trial(list []gatherers.Gatherer) []string {
	lines := make([]string, len(list))
	var wg sync.WaitGroup
	for i, g := range list {
		wg.Go(func() { lines[i] = try(g) })
	}
	wg.Wait()
	return lines
}

// try describes one sample of g.
func try(g gatherers.Gatherer) string {
	if g.Lane != nil {
		g.Lane <- struct{}{}
		defer func() { <-g.Lane }()
	}
	limit := g.Limit
	if limit == 0 {
		limit = min(g.Every, time.Minute)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	began := time.Now()
	data, err := g.Take(ctx)
	took := float64(time.Since(began).Microseconds()) / 1000
	defer clear(data)
	var uncredited gatherers.Uncredited
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return fmt.Sprintf("missing  %s: not on this system", g.Name)
	case err != nil && !errors.As(err, &uncredited):
		return fmt.Sprintf("missing  %s: %v", g.Name, err)
	}
	return fmt.Sprintf("found    %s: %d bytes, %.1f ms, %d bits credited", g.Name, len(data), took, g.Credit.Bits(len(data)))
}

// sample prints raw samples of one gatherer for somebody's estimator.
func sample(o config.Options, stdout io.Writer) error {
	s, err := loadSettings(o, os.Getuid(), nil)
	if err != nil {
		return err
	}
	list, err := listSources(s)
	if err != nil {
		return err
	}
	for _, g := range list {
		if g.Name == o.Sample {
			return gatherers.Sample(context.Background(), g, max(o.Count, 1), stdout)
		}
	}
	return fmt.Errorf("--sample %q: expected one of %v", o.Sample, sources.Names(list))
}
