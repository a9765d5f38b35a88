package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"prngd/internal/control"
)

const waitEvery = 200 * time.Millisecond

// wait returns once the daemon is seeded. A daemon that is not there yet is
// waited for too: boot scripts may be faster than it.
func wait(c *call) error {
	s, err := c.controls(noLimit)
	if err != nil {
		return err
	}
	limit, start := s.limit, time.Now()
	s.limit = defaultLimit
	if limit > 0 {
		s.limit = min(limit, defaultLimit)
	}
	show := showSeeding(c.stderr)
	defer show("")
	for {
		report, err := s.report()
		var failed *exitError
		switch {
		case err == nil && report.Generator.State == control.StateSeeded:
			return nil
		case errors.As(err, &failed) && failed.code == exitNoPerm:
			return err
		case limit > 0 && time.Since(start)+waitEvery > limit:
			return &exitError{exitTempFail, fmt.Errorf("not seeded within %s: %w", limit, lacking(report, err))}
		}
		show(lacking(report, err).Error())
		time.Sleep(waitEvery)
	}
}

// lacking says what is still missing.
func lacking(r *control.Report, err error) error {
	switch {
	case err != nil:
		return err
	case r.Generator.State == control.StateReseedRequired:
		return errors.New("a reseed is required before the next reply")
	}
	return fmt.Errorf("%d of %d bits", r.Generator.FirstSeedBits, r.Generator.FirstSeedRequired)
}

// showSeeding returns a func that shows a line on a terminal in the place of
// the one before, and takes it away for "".
func showSeeding(stderr io.Writer) func(string) {
	start, shown := time.Now(), false
	return func(what string) {
		switch {
		case !redraws(stderr) || time.Since(start) < progressAfter:
		case what != "":
			line, _, _ := strings.Cut(what, "\n")
			fmt.Fprintf(stderr, "%sseeding: %s, %d s", clearLine, line, int(time.Since(start).Seconds()))
			shown = true
		case shown:
			io.WriteString(stderr, clearLine)
		}
	}
}
