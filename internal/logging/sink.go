// Package logging takes log lines to standard error, syslog or a file without
// ever keeping waiting whoever logs.
package logging

import (
	"fmt"
	"io"
	"log/syslog"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	kept     = 200 // lines kept for the status, and for a target that is away
	retryMin = time.Second
	retryMax = 10 * time.Minute // one attempt in so long where there never is a syslog
)

// Line is one line of the log as its target gets it, without a newline.
type Line struct {
	Time  time.Time
	Level logrus.Level
	Text  string
}

// Sink takes what is logged through Log to its target. Logging itself only
// puts the line in a ring: neither a full disk nor a syslogd that hangs ever
// delays a caller. One goroutine carries lines on from there, and if its
// target is away it waits, longer each time. What the ring cannot hold until
// then is counted, and said in the log.
type Sink struct {
	Log *logrus.Logger

	dial     func() (*syslog.Writer, error)
	wake     chan struct{} // a line to carry
	retarget chan struct{} // another target
	quit     chan struct{}
	done     chan struct{}

	mu        sync.Mutex
	formatter logrus.Formatter
	level     logrus.Level // of the target; the ring takes warnings at any
	target    *outlet
	ring      [kept]Line
	next      int // lines ever put in the ring
	carried   int // of these, those delivered or lost
	lost      int // not yet said to be
}

// Settings are where lines go and which. Each may be empty for its default.
type Settings struct {
	Target     string // auto (standard error in the foreground, else syslog), stderr, syslog or file:/PATH
	Level      string // error, warn, info (the default) or debug
	Format     string // text (the default) or json
	Foreground bool
}

// File returns the path of the file that is written to, "" if the target is none.
func (s Settings) File() string {
	path, isFile := strings.CutPrefix(s.Target, "file:")
	if !isFile || !filepath.IsAbs(path) {
		return ""
	}
	return path
}

// New returns a sink. The error names what cannot be used of settings.
func New(settings Settings) (*Sink, error) {
	dial := func() (*syslog.Writer, error) { return syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, "prngd") }
	return newOver(dial, settings)
}

func newOver(dial func() (*syslog.Writer, error), settings Settings) (*Sink, error) {
	s := &Sink{
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
	if err := s.Configure(settings); err != nil {
		return nil, err
	}
	<-s.retarget // carry begins with this one
	go s.carry()
	return s, nil
}

// Configure replaces target, level and format, and opens a file anew that was
// rotated away. After an error all is as before.
func (s *Sink) Configure(settings Settings) error {
	level, err := parseLevel(settings.Level)
	if err != nil {
		return err
	}
	if settings.Format != "" && settings.Format != "text" && settings.Format != "json" {
		return fmt.Errorf("log format %q: expected text or json", settings.Format)
	}
	target, err := s.open(settings)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.level, s.target = level, target
	s.formatter = formatter(settings.Format, !target.timed)
	s.mu.Unlock()
	s.Log.SetLevel(max(level, logrus.WarnLevel))
	nudge(s.retarget)
	return nil
}

// Lines returns the last lines, oldest first: for the status, and all there is
// where syslog is absent.
func (s *Sink) Lines() []Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []Line
	for i := max(0, s.next-kept); i < s.next; i++ {
		lines = append(lines, s.ring[i%kept])
	}
	return lines
}

// Close delivers what is left, for at most limit. Nothing is to be logged later.
func (s *Sink) Close(limit time.Duration) {
	close(s.quit)
	select {
	case <-s.done:
	case <-time.After(limit):
	}
}

// Levels makes a Sink a logrus.Hook for every level.
func (s *Sink) Levels() []logrus.Level { return logrus.AllLevels }

// Fire puts an entry in the ring.
func (s *Sink) Fire(entry *logrus.Entry) error {
	short := logrus.Entry{Logger: entry.Logger, Time: entry.Time, Level: entry.Level, Data: maps.Clone(entry.Data)}
	short.Message = cutValue(entry.Message)
	for name, value := range short.Data {
		short.Data[name] = shortValue(value)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ring[s.next%kept] = s.line(&short)
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
func (s *Sink) carry() {
	defer close(s.done)
	var target *outlet
	for pause := time.Duration(0); ; {
		var retry <-chan time.Time
		wake := s.wake
		if s.carryAll(&target) == nil {
			pause = 0
		} else {
			pause = min(max(2*pause, retryMin), retryMax)
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
func (s *Sink) carryAll(target **outlet) error {
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
func (s *Sink) front() (line *Line, lost int, target *outlet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if oldest := s.next - kept; s.carried < oldest {
		s.lost += oldest - s.carried
		s.carried = oldest
	}
	for s.carried < s.next && s.ring[s.carried%kept].Level > s.level {
		s.carried++
	}
	if s.carried == s.next {
		return nil, 0, s.target
	}
	next := s.ring[s.carried%kept]
	if s.lost > 0 {
		notice := &logrus.Entry{Logger: s.Log, Time: next.Time, Level: logrus.WarnLevel,
			Message: "log lines lost", Data: logrus.Fields{"lines": s.lost}}
		next = s.line(notice)
	}
	return &next, s.lost, s.target
}

// line formats an entry whose values are short.
func (s *Sink) line(entry *logrus.Entry) Line {
	text, err := s.formatter.Format(entry)
	if err != nil {
		text = []byte(entry.Message) // a value that JSON does not have
	}
	return Line{entry.Time, entry.Level, strings.TrimSuffix(string(text), "\n")}
}

// Deliver waits until the log has reached its target, but no longer than limit:
// what is still here is lost in an exec.
func (s *Sink) Deliver(limit time.Duration) {
	delivered := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.carried == s.next
	}
	for end := time.Now().Add(limit); !delivered() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}
