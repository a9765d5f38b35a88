package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// errUndef is the way a configure script says that a program is missing.
var errUndef = errors.New("undef")

// parseEntry reads an entry of PRNGD, which begins with a quote:
//
//	"ARGV0 ARG..." PATH RATE
//
// Nothing is quoted within the quotes, and no comment may follow: the rule of
// PRNGD 0.9.29 and of OpenSSH's ssh_prng_cmds, from which it took the format.
func parseEntry(s string) (c Command, warnings []string, err error) {
	command, rest, closed := strings.Cut(s[1:], `"`)
	path, rest := cutWord(rest)
	rate, rest := cutWord(rest)
	c = Command{Path: path, Argv: strings.FieldsFunc(command, isBlank)}
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return c, nil, errors.New("expected text, found a NUL byte")
	case !closed:
		return c, nil, errors.New("expected a closing quote")
	case strings.HasPrefix(path, "undef"):
		return c, nil, errUndef
	case len(c.Argv) == 0:
		return c, nil, errors.New("expected a command between the quotes")
	case path == "":
		return c, nil, errors.New("expected the path of a program after the command")
	case rate == "":
		return c, nil, errors.New("expected a rate in bits per byte after the path")
	case rest != "":
		return c, nil, fmt.Errorf("expected nothing after the rate, found %.40q", rest)
	}
	if c.Rate, warnings, err = parseRate(rate); err != nil {
		return c, nil, err
	}
	if len(c.Argv) > 5 {
		warnings = append(warnings, fmt.Sprintf("PRNGD would drop the words after %.40q", c.Argv[4]))
	}
	return c, warnings, nil
}

// parseRate reads a rate the way C's atof does, which stops at the first byte
// that is no part of a number, and keeps it within 0 and MaxRate.
func parseRate(s string) (rate float64, warnings []string, err error) {
	number := numberPrefix(s)
	rate, _ = strconv.ParseFloat(number, 64) // what is out of range is ±Inf
	switch {
	case notFinite(s), math.IsInf(rate, 0):
		return 0, nil, fmt.Errorf("rate %.40q: expected a finite number", s)
	case number == "":
		return 0, []string{fmt.Sprintf("rate %.40q: expected a number, read as 0", s)}, nil
	case rate < 0:
		return 0, []string{fmt.Sprintf("rate %.40q: expected 0 to %d bits per byte, read as 0", s, MaxRate)}, nil
	case rate > MaxRate:
		return MaxRate, []string{fmt.Sprintf("rate %.40q: expected 0 to %d bits per byte, read as %d", s, MaxRate, MaxRate)}, nil
	case number != s:
		warnings = []string{fmt.Sprintf("rate %.40q: expected a number, read as %v", s, rate)}
	}
	return math.Abs(rate), warnings, nil // not -0
}

func notFinite(s string) bool {
	s = strings.ToLower(s[signs(s):])
	return strings.HasPrefix(s, "inf") || strings.HasPrefix(s, "nan")
}
