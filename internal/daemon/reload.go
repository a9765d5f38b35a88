package daemon

import (
	"prngd/internal/config"
	"prngd/internal/credit"
	"prngd/internal/process"
	"prngd/internal/server"
)

// serverConfig is what the sockets' side takes from the settings.
func (d *daemon) serverConfig(s *config.Settings) server.Config {
	writers := writeCredit(s.WriteCredit)
	return server.Config{
		Pool: d.pool, Log: d.log,
		UnseededWait:   s.UnseededWait,
		MaxConnections: d.maxConnections(s.MaxConnections),
		PerUID:         s.PerUID,
		Credit:         writers.Counts,
		Alone:          writers.Alone(),
	}
}

// spare returns how many of the descriptors that are to be had are not for
// clients: files, gatherers, pipes. An idle daemon has 33 open, so of very few it
// takes three quarters.
func spare(limit int) int { return min(64, limit*3/4) }

// maxConnections is what was asked for, or the default, within what the system
// gives us.
func (d *daemon) maxConnections(asked int) int {
	limit, err := process.OpenFiles()
	if err != nil {
		return asked
	}
	limit = max(limit-spare(limit), 1)
	if asked > limit {
		d.log.Warnf("max-connections %d: only %d descriptors are to be had", asked, limit)
	}
	if asked == 0 {
		asked = server.DefaultConnections
	}
	return min(asked, limit)
}

// writeCredit is the policy of these lines.
func writeCredit(lines []config.WriteCredit) (writers credit.Writers) {
	for _, l := range lines {
		writers = append(writers, credit.Writer{UID: l.UID, GID: l.GID, Alone: l.Alone})
	}
	return writers
}

// reload takes over what a changed configuration says, and keeps the old one if
// that is wrong.
func (d *daemon) reload() error {
	d.warn(process.Reloading())
	defer process.Notify("READY=1")
	old := d.settings.Load()
	s, err := loadSettings(old.Options, d.owner, old)
	if err != nil {
		return d.keepOld(err)
	}
	gathered, err := d.sources.Prepare(sourceSettings(s))
	if err != nil {
		return d.keepOld(err)
	}
	if err := d.sink.Configure(logTo(s, d.foreground)); err != nil {
		gathered.Rollback()
		return d.keepOld(err)
	}
	d.settings.Store(s)
	d.server.Reconfigure(d.serverConfig(s))
	d.relisten(s)
	d.openExchanges(s.Exchange)
	d.warn(gathered.Commit())
	d.log.WithField("path", s.Path).Info("reloaded")
	d.problems(s)
	for _, what := range d.needsRestart(old, s) {
		d.log.WithField("directive", what).Warn("changed, but needs a restart")
	}
	return nil
}

func (d *daemon) keepOld(err error) error {
	d.log.WithError(err).Error("not reloaded: the old configuration stays")
	return err
}

// needsRestart names what a reload cannot change.
func (d *daemon) needsRestart(old, s *config.Settings) (names []string) {
	for _, c := range []struct {
		name    string
		changed bool
	}{
		{"seedfile", old.Seed.Path != s.Seed.Path},
		{"seed-credit", old.Seed.Credit != s.Seed.Credit},
		{"user", old.User.Name != s.User.Name},
		{"command-user", old.CommandUser.Name != s.CommandUser.Name},
		{"status", old.Status.Address != s.Status.Address},
	} {
		if c.changed {
			names = append(names, c.name)
		}
	}
	return names
}

// problems says which lines of prngd.conf were skipped, a few of them by name.
func (d *daemon) problems(s *config.Settings) {
	const named = 10
	for i, p := range s.Problems {
		if i == named {
			d.log.Warnf("%s: %d more problems, see prngd --check-config", s.Path, len(s.Problems)-named)
			return
		}
		d.log.Warn(p)
	}
}
