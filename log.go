package main

import (
	"fmt"
	"io"
	"log/syslog"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	logKept     = 200 // lines kept for the status, and for a target that is away
	logRetryMin = time.Second
	logRetryMax = 10 * time.Minute // one attempt in so long where there never is a syslog
)

// logLine is one line of the log as its target gets it, without a newline.
type logLine struct {
	Time  time.Time
	Level logrus.Level
	Text  string
}

// logSink takes what is logged through Log to its target. Logging itself only
// puts the line in a ring: neither a full disk nor a syslogd that hangs ever
// delays a caller. One goroutine carries lines on from there, and if its
// target is away it waits, longer each time. What the ring cannot hold until
// then is counted, and said in the log.
type logSink struct {
	Log *logrus.Logger

	dial     func() (*syslog.Writer, error)
	wake     chan struct{} // a line to carry
	retarget chan struct{} // another target
	quit     chan struct{}
	done     chan struct{}

	mu        sync.Mutex
	settings  logSettings
	formatter logrus.Formatter
	level     logrus.Level // of the target; the ring takes warnings at any
	target    *logTarget
	ring      [logKept]logLine
	next      int // lines ever put in the ring
	carried   int // of these, those delivered or lost
	lost      int // not yet said to be
}

type logSettings struct {
	target, level, format string
	foreground            bool
}

// newLogger returns a logger for target "auto" (standard error in the
// foreground, else syslog), "stderr", "syslog" or "file:/PATH", level "error",
// "warn", "info" or "debug", and format "text" or "json". Each may be empty
// for its default: auto, info, text.
func newLogger(target, level, format string, foreground bool) (*logSink, error) {
	dial := func() (*syslog.Writer, error) { return syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, "prngd") }
	return newLoggerOver(dial, logSettings{target, level, format, foreground})
}

func newLoggerOver(dial func() (*syslog.Writer, error), settings logSettings) (*logSink, error) {
	s := &logSink{
		Log:      logrus.New(),
		dial:     dial,
		wake:     make(chan struct{}, 1),
		retarget: make(chan struct{}, 1),
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	s.Log.SetOutput(io.Discard) // lines leave through Fire, where their level is known
	s.Log.SetFormatter(noFormat{})
	s.Log.AddHook(s)
	if err := s.configure(settings); err != nil {
		return nil, err
	}
	<-s.retarget // carry begins with this one
	go s.carry()
	return s, nil
}

// configure replaces target, level and format. After an error all is as before.
func (s *logSink) configure(settings logSettings) error {
	level, err := parseLogLevel(settings.level)
	if err != nil {
		return err
	}
	if settings.format != "" && settings.format != "text" && settings.format != "json" {
		return fmt.Errorf("log format %q: expected text or json", settings.format)
	}
	target, err := s.open(settings)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.settings, s.level, s.target = settings, level, target
	s.formatter = logFormatter(settings.format, !target.timed)
	s.mu.Unlock()
	s.Log.SetLevel(max(level, logrus.WarnLevel))
	nudge(s.retarget)
	return nil
}

// Reopen opens the same target anew, for a file that was rotated away. After
// an error the old one stays in use.
func (s *logSink) Reopen() error {
	s.mu.Lock()
	settings := s.settings
	s.mu.Unlock()
	return s.configure(settings)
}

// Lines returns the last lines, oldest first: for the status, and all there is
// where syslog is absent.
func (s *logSink) Lines() []logLine {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []logLine
	for i := max(0, s.next-logKept); i < s.next; i++ {
		lines = append(lines, s.ring[i%logKept])
	}
	return lines
}

// Close delivers what is left, for at most limit. Nothing is to be logged later.
func (s *logSink) Close(limit time.Duration) {
	close(s.quit)
	select {
	case <-s.done:
	case <-time.After(limit):
	}
}

// Levels makes a logSink a logrus.Hook for every level.
func (s *logSink) Levels() []logrus.Level { return logrus.AllLevels }

// Fire puts an entry in the ring.
func (s *logSink) Fire(entry *logrus.Entry) error {
	short := logrus.Entry{Logger: entry.Logger, Time: entry.Time, Level: entry.Level, Data: maps.Clone(entry.Data)}
	short.Message = cutLogValue(entry.Message)
	for name, value := range short.Data {
		short.Data[name] = shortLogValue(value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring[s.next%logKept] = s.line(&short)
	s.next++
	nudge(s.wake)
	return nil
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has one coming
	}
}

// carry takes lines from the ring to the target until Close.
func (s *logSink) carry() {
	defer close(s.done)
	var target *logTarget
	for pause := time.Duration(0); ; {
		var retry <-chan time.Time
		wake := s.wake
		if s.carryAll(&target) == nil {
			pause = 0
		} else {
			pause = min(max(2*pause, logRetryMin), logRetryMax)
			retry, wake = time.After(pause), nil // more lines are no reason to hurry
		}
		select {
		case <-wake:
		case <-retry:
		case <-s.retarget:
			pause = 0
		case <-s.quit:
			s.carryAll(&target)
			return
		}
	}
}

// carryAll delivers until nothing is left or the target fails. It closes a
// target that was replaced.
func (s *logSink) carryAll(target **logTarget) error {
	for {
		line, lost, current := s.front()
		if *target != current {
			if *target != nil {
				(*target).close() // nobody could use the error
			}
			*target = current
		}
		if line == nil {
			return nil
		}
		if err := current.write(*line); err != nil {
			return err
		}
		s.mu.Lock()
		if s.lost -= lost; lost == 0 {
			s.carried++
		}
		s.mu.Unlock()
	}
}

// front returns the next line for the target, nil if there is none. If lines
// were lost before it, it is one that says how many.
func (s *logSink) front() (line *logLine, lost int, target *logTarget) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if oldest := s.next - logKept; s.carried < oldest {
		s.lost += oldest - s.carried
		s.carried = oldest
	}
	for s.carried < s.next && s.ring[s.carried%logKept].Level > s.level {
		s.carried++
	}
	if s.carried == s.next {
		return nil, 0, s.target
	}
	next := s.ring[s.carried%logKept]
	if s.lost > 0 {
		notice := &logrus.Entry{Logger: s.Log, Time: next.Time, Level: logrus.WarnLevel,
			Message: "log lines lost", Data: logrus.Fields{"lines": s.lost}}
		next = s.line(notice)
	}
	return &next, s.lost, s.target
}

// line formats an entry whose values are short.
func (s *logSink) line(entry *logrus.Entry) logLine {
	text, err := s.formatter.Format(entry)
	if err != nil {
		text = []byte(entry.Message) // a value that JSON does not have
	}
	return logLine{entry.Time, entry.Level, strings.TrimSuffix(string(text), "\n")}
}
