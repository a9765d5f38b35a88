package logging

import (
	"fmt"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/change"
	"prngd/internal/control"
)

// switchTime is how long a target may take to finish the line that it writes
// when another one replaces it.
const switchTime = 100 * time.Millisecond

// Prepare opens what settings ask for beside what is there, without waiting for
// anything. A file that is written to already and cannot be opened again, such as
// root's after it was rotated, is no change: the open one is kept, and Commit
// warns.
func (s *Sink) Prepare(settings Settings) (change.Change, error) {
	c, err := s.prepare(settings)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (s *Sink) prepare(settings Settings) (*retarget, error) {
	level, err := parseLevel(settings.Level)
	if err != nil {
		return nil, err
	}
	if settings.Format != "" && settings.Format != "text" && settings.Format != "json" {
		return nil, fmt.Errorf("log format %q: expected text or json", settings.Format)
	}
	c := &retarget{sink: s, settings: settings, level: level}
	s.mu.Lock()
	now := s.target
	s.mu.Unlock()
	c.next, err = s.open(settings)
	switch {
	case now == nil || now.file == nil || now.target != settings.resolved():
	case err == nil && c.next.same(now):
		c.next.close()
		c.next = now
	case err != nil:
		c.next = now
		if !now.leadsTo(settings.File()) {
			c.kept = err
		}
		return c, nil
	}
	return c, err
}

// retarget is a prepared change of target, level and format.
type retarget struct {
	sink     *Sink
	settings Settings
	level    logrus.Level
	next     *outlet // the one in use, if that stays
	kept     error   // why the one in use stays, although its path may lead elsewhere
}

// Commit lets lines go to the new target from now on. One that is hung with a
// line does not keep it waiting.
func (c *retarget) Commit() error {
	c.sink.changing.Lock()
	defer c.sink.changing.Unlock()
	c.commit()
	if c.kept != nil {
		c.sink.Log.WithError(c.kept).Warn("log not reopened, still writing to the open file")
	}
	return nil
}

func (c *retarget) commit() {
	s := c.sink
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again != nil {
		s.again.Stop()
		s.again = nil
	}
	switch old := s.target; {
	case old == nil || old == c.next:
	case !old.used: // inherited
		old.close()
	default:
		close(old.replaced)
		s.mu.Unlock()
		wait(old.done, switchTime)
		s.mu.Lock()
	}
	s.asked, s.failure = c.settings, c.kept
	s.level, s.target = c.level, c.next
	s.formatter = formatter(c.settings.Format, !c.next.timed)
	s.Log.SetLevel(max(c.level, logrus.WarnLevel))
	if !c.next.used {
		c.next.used = true
		go s.carry(c.next)
	}
}

// Rollback closes a target that was opened, and removes a file that was made.
func (c *retarget) Rollback() {
	c.sink.mu.Lock()
	used := c.next.used
	c.sink.mu.Unlock()
	if !used {
		c.next.discard()
	}
}

// tryLater tries again to open what was asked for, with growing pauses, until
// it succeeds or something else is asked for.
func (s *Sink) tryLater(pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var timer *time.Timer
	timer = time.AfterFunc(pause, func() {
		s.changing.Lock()
		defer s.changing.Unlock()
		s.mu.Lock()
		asked, current := s.asked, s.again == timer
		s.mu.Unlock()
		if !current {
			return
		}
		c, err := s.prepare(asked)
		if err != nil {
			s.tryLater(min(2*pause, retryMax))
			return
		}
		c.commit()
		s.Log.WithField("target", asked.Target).Info("log opened")
	})
	s.again = timer
}

// Give makes a log file that this sink has made the one of uid, which can open it
// again then. What was there before, a device above all, stays as it is.
func (s *Sink) Give(uid int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.target.made {
		return nil
	}
	return s.target.file.Chown(uid, -1)
}

// Descriptor returns the open log file, nil if lines go elsewhere. It stays the
// sink's: a program that takes this one's place by exec passes it to [Adopt].
func (s *Sink) Descriptor() *os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.target.file
}

// Check compares the target that was asked for with the one that lines go to.
func (s *Sink) Check() control.Check {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := control.Check{What: "log", Asked: s.asked.resolved(), Is: s.target.target}
	if s.failure != nil {
		c.Is += ": " + s.failure.Error()
	}
	return c
}
