package daemon

import (
	"context"
	"fmt"
	"os"
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
	foreground bool   // to standard error unless told otherwise
	held       string // in a preflight: the log file that the daemon that serves has open
}

func logSettings(s *config.Settings, foreground bool) logging.Settings {
	return logging.Settings{Target: s.Log.Target, Level: s.Log.Level, Format: s.Log.Format, Foreground: foreground}
}

func (p *logPart) prepare(_ context.Context, next *config.Settings, how manner) (change.Change, error) {
	c, err := p.Prepare(logSettings(next, p.foreground))
	if change.IsLater(err) && how != reloading {
		return closedLog{err: err, where: next.Log.Where}, nil // New tries it again
	}
	if err != nil && p.held != "" && p.held == next.Log.File() {
		return change.None{}, nil // it stays open, as in a reload
	}
	if err != nil {
		return nil, fmt.Errorf("%s: log: %w", next.Log.Where, err)
	}
	return c, nil
}

// closedLog is the change to a log that cannot be opened now.
type closedLog struct {
	change.None
	err   error
	where string
}

// Lacks returns why.
func (c closedLog) Lacks() []error { return lack(c.where, "log", c.err) }

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

func (p *logPart) check(context.Context) []control.Check { return []control.Check{p.Check()} }

func (p *logPart) handOver(s *state) error {
	f := p.Descriptor()
	if f == nil {
		return nil
	}
	fd, err := descriptorOf(f) // Fd would make it blocking
	if err != nil {
		return err
	}
	return s.put("log", file{Path: f.Name(), FD: fd}, fd)
}

// adopt learns in a preflight which file is open. Else the log was adopted first of
// all, see adoptLog.
func (p *logPart) adopt(s *state) error {
	if s == nil || !s.preflight {
		return nil
	}
	var f file
	_, err := s.get("log", &f)
	p.held = f.Path
	return err
}

func (p *logPart) close() {}

// adoptLog opens the log for a program that has replaced another.
func adoptLog(s *state, next *config.Settings, foreground bool) (*logging.Sink, error) {
	var f file
	var open *os.File
	if found, _ := s.get("log", &f); found {
		open = inherited(f.FD, f.Path)
	}
	to := logSettings(next, foreground)
	sink, err := logging.Adopt(to, open)
	if err != nil { // clients wait already: better a log elsewhere
		to.Target = ""
		sink, err = logging.New(to)
	}
	return sink, err
}

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
