package config

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"time"
)

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
		d, err := duration([]string{s})
		if err == nil && d < time.Second {
			err = fmt.Errorf("expected at least 1s, found %s", s)
		}
		if err == nil {
			*dst = d
		}
		return err
	}
}

func duration(words []string) (time.Duration, error) {
	if len(words) != 1 {
		return 0, errors.New("expected one DURATION such as 60s")
	}
	d, err := time.ParseDuration(words[0])
	if err != nil {
		return 0, fmt.Errorf("expected a DURATION such as 60s or 5m, found %.40q", words[0])
	}
	return d, nil
}

// The functions below make whole directives of one word.

func yesOrNo(dst func(*Config) *bool) func(*parser, []string) error {
	return func(p *parser, words []string) error {
		if len(words) != 1 || words[0] != "yes" && words[0] != "no" {
			return errors.New("expected yes or no")
		}
		*dst(p.c) = words[0] == "yes"
		return nil
	}
}

func name(dst func(*Config) *string) func(*parser, []string) error {
	return func(p *parser, words []string) error {
		if len(words) != 1 {
			return errors.New("expected one name")
		}
		return text(dst(p.c))(words[0])
	}
}

func limit(dst func(*Config) *int) func(*parser, []string) error {
	return func(p *parser, words []string) error {
		if len(words) == 1 && words[0] == "auto" {
			*dst(p.c) = 0
			return nil
		}
		n := 0
		if len(words) != 1 || number(&n)(words[0]) != nil || n < 1 {
			return errors.New("expected a number from 1, or auto")
		}
		*dst(p.c) = n
		return nil
	}
}

// seedFile takes the last line whole, so that a path turns it on again.
func (p *parser) seedFile(words []string) error {
	if len(words) == 1 && words[0] == "off" {
		p.c.SeedFile, p.c.NoSeedFile = "", true
		return nil
	}
	if len(words) != 1 {
		return errors.New("expected one absolute path, or off")
	}
	if err := path(&p.c.SeedFile)(words[0]); err != nil {
		return err
	}
	p.c.NoSeedFile = false
	return nil
}

func already(what string, line int) error {
	return fmt.Errorf("expected each once, found %.80s again after line %d", what, line)
}
