package daemon

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"prngd/internal/config"
	"prngd/internal/logging"
)

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

// loadSettings resolves the command line and prngd.conf. now is what is in
// effect, nil at a start.
func loadSettings(o config.Options, owner int, now *config.Settings) (*config.Settings, error) {
	env := config.System(owner)
	env.Now = now
	s, problems, err := config.Resolve(o, env)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, config.ErrUnreadable):
		return nil, err
	}
	for _, p := range problems {
		err = fmt.Errorf("%w\n%v", err, p)
	}
	return nil, exitError{exitConfig, err}
}

// logTo is where messages go.
func logTo(s *config.Settings, foreground bool) logging.Settings {
	return logging.Settings{Target: s.Log.Target, Level: s.Log.Level, Format: s.Log.Format, Foreground: foreground}
}
