package config

import (
	"errors"
	"time"
)

// The functions below read directives of one word.

func yesOrNo(dst func(*Config) *bool) func(*line, []string) error {
	return func(l *line, words []string) error {
		if len(words) != 1 || words[0] != "yes" && words[0] != "no" {
			return errors.New("expected yes or no")
		}
		*dst(l.c) = words[0] == "yes"
		return nil
	}
}

func userName(dst func(*Config) *Name) func(*line, []string) error {
	return func(l *line, words []string) error {
		n := Name{Where: l.where}
		if err := one(words, "one name", text(&n.Name)); err != nil {
			return err
		}
		*dst(l.c) = n
		return nil
	}
}

func limit(dst func(*Config) *int) func(*line, []string) error {
	return func(l *line, words []string) error {
		if len(words) == 1 && words[0] == "auto" {
			*dst(l.c) = 0
			return nil
		}
		n := 0
		if len(words) != 1 || number(&n)(words[0]) != nil || n < 1 {
			return errors.New("expected a number from 1, or auto")
		}
		*dst(l.c) = n
		return nil
	}
}

// seedFile takes the last line whole, so that a path turns it on again.
func (l *line) seedFile(words []string) error {
	if len(words) == 1 && words[0] == "off" {
		l.c.SeedFile, l.c.NoSeedFile, l.c.SeedFileWhere = "", true, l.where
		return nil
	}
	if err := one(words, "one absolute path, or off", path(&l.c.SeedFile)); err != nil {
		return err
	}
	l.c.NoSeedFile, l.c.SeedFileWhere = false, l.where
	return nil
}

func (l *line) log(words []string) error {
	if len(words) == 0 {
		return errors.New("expected target=, level= or format=")
	}
	log := Default().Log
	log.Where = l.where
	err := attributes(words, map[string]func(string) error{
		"target": log.SetTarget, "level": log.SetLevel, "format": log.SetFormat,
	})
	if err == nil {
		l.c.Log = log
	}
	return err
}

func (l *line) commandTimeout(words []string) error {
	return one(words, "one DURATION such as 60s", period(&l.c.CommandTimeout))
}

func (l *line) includeFile(words []string) error {
	var file string
	if err := one(words, "one absolute path, of a file or of a directory with *.conf files", path(&file)); err != nil {
		return err
	}
	if l.include == nil {
		return errors.New("expected no include here")
	}
	return l.include(file)
}

func (l *line) unseededWait(words []string) error {
	return one(words, "one DURATION such as 60s", func(s string) error {
		d, err := duration(s)
		if err == nil && (d < 0 || d >= 10*time.Second) {
			// Postfix's tlsmgr gives up after 10 s.
			err = errors.New("expected 0s to under 10s, found " + s)
		}
		if err == nil {
			l.c.UnseededWait = d
		}
		return err
	})
}
