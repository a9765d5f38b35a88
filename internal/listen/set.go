package listen

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// Config is what a Set needs. Log is required.
type Config struct {
	Log  *logrus.Logger
	Name string // of a socket in the log; empty: "listening socket"
	// Serve is given every socket that came into effect. It must not wait.
	Serve func(*Listener)
	// Ask has Probe make a request of the program's own; nil: it only connects.
	Ask func(net.Conn) error
	// Critical says that clients are lost without any socket.
	Critical bool
}

// Set is the listening sockets of the daemon for one protocol.
type Set struct {
	config Config
	sys    *system
	// changing holds one value while a change is prepared and not yet committed or
	// rolled back. Nothing but other changes waits for it.
	changing chan struct{}
	adopted  bool // and not listened again since; belongs to the change under way

	mu      sync.Mutex // guards what follows; no system call is made under it
	slots   []*slot
	changed chan struct{} // closed when slots change
	closed  bool
}

// slot is one listen line and its sockets. It is replaced and not changed.
type slot struct {
	options    Options
	sockets    []*Listener
	supervised bool  // a supervisor made the sockets: they stay as they are
	err        error // why it is not as asked for; nil: it is
	retry      retry
}

// retry is when a slot with an error is tried again.
type retry struct {
	at      time.Time
	backoff time.Duration
}

// NewSet returns a Set without sockets.
func NewSet(c Config) *Set { return newSet(c, realSystem()) }

func newSet(c Config, sys *system) *Set {
	if c.Serve == nil {
		c.Serve = func(*Listener) {}
	}
	if c.Name == "" {
		c.Name = "listening socket"
	}
	return &Set{config: c, sys: sys, changing: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Listeners returns the sockets that are in effect.
func (s *Set) Listeners() []*Listener { return socketsOf(s.current()) }

// Changed is closed when the sockets are others than they were.
func (s *Set) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// current returns the slots as they are now.
func (s *Set) current() []*slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.slots)
}

// install replaces the slots. It is false after Close.
func (s *Set) install(next []*slot) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.slots = next
	close(s.changed)
	s.changed = make(chan struct{})
	return true
}

// begin waits until no other change is under way.
func (s *Set) begin(ctx context.Context) error {
	select {
	case s.changing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end lets the next change begin.
func (s *Set) end() { <-s.changing }

// Relisten has the kernel tell clients which process serves them, and with which
// user: prngd -k goes by that. Call it after a change of the user.
func (s *Set) Relisten() {
	for _, l := range s.Listeners() {
		if err := s.sys.relisten(l); err != nil {
			s.config.Log.Warn(err)
		}
	}
}

// Close closes every socket and removes the paths that are ours. It waits for
// nothing; a change that is under way is rolled back when it commits.
func (s *Set) Close() { s.shut(func(l *Listener) { l.Close() }) }

// Release closes every descriptor and leaves the paths to the process that serves
// them: the end of a preflight.
func (s *Set) Release() { s.shut((*Listener).release) }

func (s *Set) shut(end func(*Listener)) {
	s.mu.Lock()
	slots := s.slots
	s.slots, s.closed = nil, true
	s.mu.Unlock()
	for _, l := range socketsOf(slots) {
		end(l)
	}
}

func socketsOf(slots []*slot) (all []*Listener) {
	for _, sl := range slots {
		all = append(all, sl.sockets...)
	}
	return all
}
