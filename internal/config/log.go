package config

import (
	"errors"
	"path/filepath"
	"strings"
)

// Log says where messages go, which, and how they look.
type Log struct {
	Target string // "auto", "stderr", "syslog" or "file:" and an absolute path
	Level  string // "error", "warn", "info" or "debug"
	Format string // "text" or "json"
}

func defaultLog() Log { return Log{Target: "auto", Level: "info", Format: "text"} }

// SetTarget checks and stores where messages go.
func (l *Log) SetTarget(s string) error {
	file, isFile := strings.CutPrefix(s, "file:")
	if isFile && !filepath.IsAbs(file) || !isFile && s != "auto" && s != "stderr" && s != "syslog" {
		return errors.New("expected auto, stderr, syslog or file:/PATH")
	}
	l.Target = s
	return nil
}

// SetLevel checks and stores the least level that is told.
func (l *Log) SetLevel(s string) error {
	switch s {
	case "error", "warn", "info", "debug":
		l.Level = s
		return nil
	}
	return errors.New("expected error, warn, info or debug")
}

// SetFormat checks and stores how messages look.
func (l *Log) SetFormat(s string) error {
	if s != "text" && s != "json" {
		return errors.New("expected text or json")
	}
	l.Format = s
	return nil
}

func (p *parser) log(words []string) error {
	if len(words) == 0 {
		return errors.New("expected target=, level= or format=")
	}
	l := defaultLog()
	err := attributes(words, map[string]func(string) error{
		"target": l.SetTarget, "level": l.SetLevel, "format": l.SetFormat,
	})
	if err == nil {
		p.c.Log = l
	}
	return err
}
