package daemon

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/config"
	"prngd/internal/control"
	"prngd/internal/logging"
)

// logPart is the part that writes the log.
type logPart struct {
	*logging.Sink
	foreground bool // to standard error unless told otherwise
}

func (p *logPart) settings(s *config.Settings) logging.Settings {
	return logging.Settings{Target: s.Log.Target, Level: s.Log.Level, Format: s.Log.Format, Foreground: p.foreground}
}

func (p *logPart) prepare(_ context.Context, next *config.Settings, how manner) (change.Change, error) {
	return p.Prepare(p.settings(next), how != reloading)
}

// reportedLines is how many of the last warnings a report has.
const reportedLines = 20

func (p *logPart) report(r *control.Report) {
	for _, l := range p.Lines() {
		if l.Level <= logrus.WarnLevel {
			r.Log = append(r.Log, l.Time.UTC().Format(time.RFC3339)+" "+l.Text)
		}
	}
	r.Log = r.Log[max(0, len(r.Log)-reportedLines):]
}

func (p *logPart) check(context.Context) []control.Check { return p.Checks() }

func (p *logPart) handOver(*state) error { return nil }
func (p *logPart) adopt(*state) error    { return nil }
func (p *logPart) close()                {}

// problems logs the lines of prngd.conf that were skipped, a few of them by name.
func problems(log *logrus.Logger, s *config.Settings) {
	const named = 10
	for i, p := range s.Problems {
		if i == named {
			log.Warnf("%s: %d more problems, see prngd --check-config", s.Path, len(s.Problems)-named)
			return
		}
		log.Warn(p)
	}
}
