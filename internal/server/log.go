package server

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/prng"
	"prngd/internal/session"
)

// logInterval is how often the same kind of event is logged at most.
const logInterval = time.Minute

// logLimiter keeps a peer from filling the log. The zero value is ready.
type logLimiter struct {
	mu      sync.Mutex
	next    session.Instant
	skipped int
}

// allow reports whether to log an event now, and how many were left out since the
// last one.
func (l *logLimiter) allow(now session.Instant) (skipped int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now < l.next {
		l.skipped++
		return 0, false
	}
	skipped, l.skipped = l.skipped, 0
	l.next = now.After(logInterval)
	return skipped, true
}

// asyncLog writes to the log from a goroutine of its own, so that a log that is
// slow never delays a client. It leaves out lines that the log has no time for.
type asyncLog struct {
	log     *logrus.Logger
	lines   chan func()
	stopped chan struct{}

	unknownCommands, refusals, acceptErrors logLimiter

	warned atomic.Bool // that clients wait, since the generator's state last changed
}

func newAsyncLog(log *logrus.Logger) *asyncLog {
	return &asyncLog{log: log, lines: make(chan func(), 16), stopped: make(chan struct{})}
}

// run writes the lines, the last of them after stop.
func (l *asyncLog) run() {
	for {
		select {
		case line := <-l.lines:
			line()
		case <-l.stopped:
			for len(l.lines) > 0 {
				(<-l.lines)()
			}
			return
		}
	}
}

func (l *asyncLog) stop() { close(l.stopped) }

// queue has line written soon, or never if the log is too slow.
func (l *asyncLog) queue(line func()) {
	select {
	case l.lines <- line:
	default:
	}
}

func (l *asyncLog) unknownCommand(p peer, now session.Instant) {
	if skipped, ok := l.unknownCommands.allow(now); ok {
		line := l.log.WithFields(p.fields()).WithField("skipped", skipped)
		l.queue(func() { line.Info("connection closed: unknown command") })
	}
}

func (l *asyncLog) refusal(p peer, why string, now session.Instant) {
	if skipped, ok := l.refusals.allow(now); ok {
		line := l.log.WithFields(p.fields()).WithField("skipped", skipped)
		l.queue(func() { line.Warn("connection refused: " + why) })
	}
}

// acceptError logs that no connection can be accepted for now.
func (l *asyncLog) acceptError(err error, now session.Instant) {
	if skipped, ok := l.acceptErrors.allow(now); ok {
		line := l.log.WithError(err).WithFields(logrus.Fields{"skipped": skipped})
		l.queue(func() { line.Warn("cannot accept connections, trying again") })
	}
}

// clientsWait warns once that clients get nothing, until stateChanged.
func (l *asyncLog) clientsWait(state prng.State) {
	if !l.warned.CompareAndSwap(false, true) {
		return
	}
	why := "the generator is not seeded"
	if state == prng.ReseedRequired {
		why = "output is held until the generator is reseeded"
	}
	l.queue(func() { l.log.Warn("clients have waited 10 s: " + why) })
}

func (l *asyncLog) stateChanged() { l.warned.Store(false) }
