package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// line is one line of ours while it is read.
type line struct {
	c       *Config
	where   string // "FILE:LINE"
	warn    func(message string)
	include func(path string) error
}

// attributes reads key=value words in any order. A setter stores a value or
// says what it expected.
func attributes(words []string, set map[string]func(string) error) error {
	seen := map[string]bool{}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		store, known := set[key]
		switch {
		case !known || !strings.Contains(w, "="):
			return fmt.Errorf("expected %s, found %.40q", keys(set), w)
		case seen[key]:
			return fmt.Errorf("expected %s= once", key)
		}
		seen[key] = true
		if err := store(value); err != nil {
			return fmt.Errorf("%s=%.80s: %w", key, value, err)
		}
	}
	return nil
}

func keys(set map[string]func(string) error) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), "= or ") + "="
}

// one has set store the only one of words, or says what was expected.
func one(words []string, expected string, set func(string) error) error {
	if len(words) != 1 {
		return errors.New("expected " + expected)
	}
	return set(words[0])
}

// The functions below make setters: each checks one written value and stores
// it, or says what was expected.

func path(dst *string) func(string) error {
	return func(s string) error {
		if !filepath.IsAbs(s) {
			return fmt.Errorf("expected an absolute path, found %.80q", s)
		}
		*dst = s
		return nil
	}
}

func text(dst *string) func(string) error {
	return func(s string) error {
		if s == "" {
			return errors.New("expected a name")
		}
		*dst = s
		return nil
	}
}

// oneOf takes one of words.
func oneOf(dst *string, words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			last := len(words) - 1
			return fmt.Errorf("expected %s or %s", strings.Join(words[:last], ", "), words[last])
		}
		*dst = s
		return nil
	}
}

func mode(dst **fs.FileMode) func(string) error {
	return func(s string) error {
		m, err := strconv.ParseUint(s, 8, 32)
		if err != nil || m > 0o777 {
			return errors.New("expected an octal mode from 0 to 0777")
		}
		bits := fs.FileMode(m)
		*dst = &bits
		return nil
	}
}

// number reads a user or group id. It stops at 2^31-1, below the (uid_t)-1
// that means "no such user" to the system.
func number(dst *int) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil || n > math.MaxInt32 {
			return errors.New("expected a number")
		}
		*dst = int(n)
		return nil
	}
}

// period reads how often. No timer runs faster than once a second.
func period(dst *time.Duration) func(string) error {
	return func(s string) error {
		d, err := duration(s)
		if err == nil && d < time.Second {
			err = fmt.Errorf("expected at least 1s, found %s", s)
		}
		if err == nil {
			*dst = d
		}
		return err
	}
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("expected a DURATION such as 60s or 5m, found %.40q", s)
	}
	return d, nil
}

// SetTarget checks and stores where messages go.
func (l *Log) SetTarget(s string) error {
	if file, isFile := strings.CutPrefix(s, "file:"); isFile && filepath.IsAbs(file) {
		l.Target = s
		return nil
	}
	if oneOf(&l.Target, "auto", "stderr", "syslog")(s) != nil {
		return errors.New("expected auto, stderr, syslog or file:/PATH")
	}
	return nil
}

// SetLevel checks and stores the least level that is logged; warning is warn.
func (l *Log) SetLevel(s string) error {
	if s == "warning" { // as every line of the log calls it
		s = "warn"
	}
	return oneOf(&l.Level, "error", "warn", "info", "debug")(s)
}

// SetFormat checks and stores how messages look.
func (l *Log) SetFormat(s string) error { return oneOf(&l.Format, "text", "json")(s) }

// File returns the path of the log file, "" if the target is none.
func (l Log) File() string {
	path, isFile := strings.CutPrefix(l.Target, "file:")
	if !isFile {
		return ""
	}
	return path
}

func already(what, where string) error {
	return fmt.Errorf("expected each once, found %.80s again after %s", what, where)
}

// numberPrefix returns the longest beginning of s that is a decimal number.
func numberPrefix(s string) string {
	i := signs(s)
	whole := digits(s[i:])
	i += whole
	if fraction := 0; strings.HasPrefix(s[i:], ".") {
		if fraction = digits(s[i+1:]); whole+fraction > 0 {
			i += 1 + fraction
			whole += fraction
		}
	}
	if whole == 0 {
		return ""
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		sign := signs(s[i+1:])
		if n := digits(s[i+1+sign:]); n > 0 {
			i += 1 + sign + n
		}
	}
	return s[:i]
}

func signs(s string) int {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return 1
	}
	return 0
}

func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}
