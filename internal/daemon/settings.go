package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"prngd/internal/config"
	"prngd/internal/logging"
)

// settings is prngd.conf with the command line laid over it: where both speak,
// the command line wins.
type settings struct {
	*config.Config
	options options
	path    string // the file that was read; "" is built-in defaults
}

// defaultPaths are those of the user who started us: root's stay root's when we
// are no longer root.
func defaultPaths(owner int) config.Paths {
	return config.DefaultPaths(runtime.GOOS, owner, os.Getenv)
}

// starter is the uid that started the daemon.
func starter(legacy *handover) int {
	if legacy != nil {
		return legacy.Owner
	}
	return os.Getuid()
}

// loadSettings reads the file that -c names, which must be there, or else the
// default one, which need not be. owner is the uid that started the daemon.
func loadSettings(o options, owner int) (*settings, error) {
	o.absolute()
	paths := defaultPaths(owner)
	s := &settings{options: o, path: o.CmdFile}
	if s.path == "" {
		s.path = paths.Config
	}
	f, err := os.Open(s.path)
	switch {
	case err == nil:
		defer f.Close()
		if err := trustworthy(f, owner); err != nil {
			return nil, err
		}
		if s.Config, err = config.Parse(s.path, f); err != nil {
			return nil, exitError{exitConfig, err}
		}
	case errors.Is(err, fs.ErrNotExist) && o.CmdFile == "":
		s.Config, s.path = config.Default(), ""
	default:
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	s.overlay()
	s.SetPaths(paths)
	return s, nil
}

// trustworthy refuses a configuration that somebody else could change when root
// is to act on it.
func trustworthy(f *os.File, owner int) error {
	info, err := f.Stat()
	if err != nil || owner != 0 || !info.Mode().IsRegular() {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
		return fmt.Errorf("configuration %s: it belongs to uid %d, expected root's, who acts on it", f.Name(), st.Uid)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("configuration %s: it is writable by others than root, who acts on it (mode %#o)", f.Name(), info.Mode().Perm())
	}
	return nil
}

// absolute makes paths independent of the working directory, which a daemon
// leaves.
func (o *options) absolute() {
	for _, p := range []*string{&o.CmdFile, &o.SeedFile, &o.PIDFile} {
		if *p == "" {
			continue
		}
		if abs, err := filepath.Abs(*p); err == nil {
			*p = abs
		}
	}
}

// overlay puts the options over the file.
func (s *settings) overlay() {
	o := s.options
	if len(o.Addresses) > 0 {
		s.Listen = nil
		for _, a := range o.Addresses {
			s.Listen = append(s.Listen, config.Listen{Address: a})
		}
	}
	if o.SeedFile != "" {
		s.SeedFile, s.NoSeedFile = o.SeedFile, false
	}
	if o.NoSeedFile {
		s.SeedFile, s.NoSeedFile = "", true
	}
	if o.Debug {
		s.Log.Level = "debug"
	}
	if o.LogLevel != "" {
		s.Log.Level = o.LogLevel
	}
	if o.LogFormat != "" {
		s.Log.Format = o.LogFormat
	}
}

// logging is where messages go.
func (s *settings) logging(foreground bool) logging.Settings {
	return logging.Settings{Target: s.Log.Target, Level: s.Log.Level, Format: s.Log.Format, Foreground: foreground}
}

// socketMode is the mode of the socket of one listen line.
func (s *settings) socketMode(l config.Listen) fs.FileMode {
	switch {
	case l.Mode != nil:
		return *l.Mode
	case s.options.Mode != nil:
		return *s.options.Mode
	}
	return 0o777 // PRNGD's
}
