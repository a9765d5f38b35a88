// Package logging takes log lines to standard error, syslog or a file without
// ever making a caller wait.
package logging

import (
	"io"
	"log/syslog"
	"maps"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
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
// delays a caller. One goroutine for each target writes the lines, and if the
// target is away it waits, longer each time. What the ring cannot hold until
// then is counted, and said in the log.
type Sink struct {
	Log *logrus.Logger

	dial func() (*syslog.Writer, error)
	quit chan struct{}

	changing sync.Mutex // held by a commit, so that one comes after another

	mu        sync.Mutex
	asked     Settings
	failure   error       // why target is not what was asked for; nil: it is
	again     *time.Timer // the next attempt to have it
	formatter logrus.Formatter
	level     logrus.Level // of the target; the ring takes warnings at any
	target    *outlet
	ring      [kept]Line
	next      int // lines ever put in the ring
	carried   int // of these, those delivered or lost
	lost      int // not yet said to be
}

// New returns a sink for a start. A target that cannot be used now, but may be
// later, is tried again with growing pauses; until then lines go where the target
// auto would take them. The error names what can never be used of settings.
func New(settings Settings) (*Sink, error) { return Adopt(settings, nil) }

// Adopt is New for the program of an upgrade. file is what the program before it
// wrote to, with the path for its name, or nil; it is used where the log file of
// settings cannot be opened again by this user. The sink owns it.
func Adopt(settings Settings, file *os.File) (*Sink, error) {
	dial := func() (*syslog.Writer, error) { return syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, "prngd") }
	return newOver(dial, settings, file)
}

func newOver(dial func() (*syslog.Writer, error), settings Settings, file *os.File) (*Sink, error) {
	s := &Sink{Log: logrus.New(), dial: dial, quit: make(chan struct{})}
	s.Log.SetOutput(io.Discard) // lines leave through Fire, where their level is known
	s.Log.SetFormatter(noFormat{})
	s.Log.AddHook(s)
	if file != nil {
		s.target = newOutlet("file:" + file.Name())
		s.target.use(file)
	}
	c, err := s.prepare(settings)
	failure := err
	if change.IsLater(err) {
		elsewhere := settings
		elsewhere.Target = ""
		c, err = s.prepare(elsewhere)
	}
	if err != nil {
		return nil, err
	}
	c.Commit()
	if failure == nil {
		return s, nil
	}
	s.mu.Lock()
	s.asked, s.failure = settings, failure
	s.mu.Unlock()
	s.Log.WithError(failure).Warnf("log not opened, writing to %s until it can be", s.target.target)
	s.tryLater(retryMin)
	return s, nil
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
	s.mu.Lock()
	if s.again != nil {
		s.again.Stop()
	}
	target := s.target
	close(s.quit)
	s.mu.Unlock()
	wait(target.done, limit)
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
	nudge(s.target.wake)
	return nil
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has one coming
	}
}

// wait waits for done, but no longer than limit.
func wait(done chan struct{}, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// carry takes lines from the ring to o until it is replaced, or until Close.
func (s *Sink) carry(o *outlet) {
	defer close(o.done)
	defer o.close() // nobody could use the error
	for pause := time.Duration(0); ; {
		var retry <-chan time.Time
		wake := o.wake
		if s.carryAll(o) == nil {
			pause = 0
		} else {
			pause = min(max(2*pause, retryMin), retryMax)
			retry, wake = time.After(pause), nil // more lines are no reason to hurry
		}
		select {
		case <-o.replaced:
			return
		case <-wake:
		case <-retry:
		case <-s.quit:
			s.carryAll(o)
			return
		}
	}
}

// carryAll delivers until nothing is left, the target fails or is replaced.
func (s *Sink) carryAll(o *outlet) error {
	for {
		line, lost := s.front(o)
		if line == nil {
			return nil
		}
		if err := o.write(*line); err != nil {
			return err
		}
		s.mu.Lock()
		if s.target == o { // else it hung, and another one has the line
			if s.lost -= lost; lost == 0 {
				s.carried++
			}
		}
		s.mu.Unlock()
	}
}

// front returns the next line for o, nil if there is none. If lines were lost
// before it, it is one that says how many.
func (s *Sink) front(o *outlet) (line *Line, lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-o.replaced:
		return nil, 0
	default:
	}
	if oldest := s.next - kept; s.carried < oldest {
		s.lost += oldest - s.carried
		s.carried = oldest
	}
	for s.carried < s.next && s.ring[s.carried%kept].Level > s.level {
		s.carried++
	}
	if s.carried == s.next {
		return nil, 0
	}
	next := s.ring[s.carried%kept]
	if s.lost > 0 {
		notice := &logrus.Entry{Logger: s.Log, Time: next.Time, Level: logrus.WarnLevel,
			Message: "log lines lost", Data: logrus.Fields{"lines": s.lost}}
		next = s.line(notice)
	}
	return &next, s.lost
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
