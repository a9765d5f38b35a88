// Package server answers the EGD protocol on Unix and TCP sockets: listeners,
// sessions (bytes in, bytes out), limits, and the driver that joins them.
package server

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/credit"
	"prngd/internal/listen"
	"prngd/internal/peercred"
	"prngd/internal/prng"
)

// Config is what a Server needs. Pool and Log are required.
type Config struct {
	Pool *prng.Generator
	Log  *logrus.Logger
	PID  int // the answer to command 4; 0: this process's

	// UnseededWait is how long command 1 waits for the first seed, 0 to 9 s;
	// then it is answered with nothing. Command 2 waits without a limit.
	UnseededWait time.Duration

	MaxConnections int // 0: 16384; the caller knows whether descriptors allow less
	PerUID         int // 0: half of MaxConnections

	// Credit says whether what this Unix peer claims for its writes may count.
	// Nil: nobody's does. Uid 65534 is never asked about.
	Credit func(peercred.Cred) bool
	// Alone lets such writes open the gate by themselves. Otherwise they count
	// for half of it at most.
	Alone bool
}

// maxUnseededWait keeps command 1 inside the 10 s that Postfix waits.
const maxUnseededWait = 9 * time.Second

// Server serves EGD clients from a pool.
type Server struct {
	pool    *prng.Generator
	log     *logrus.Logger
	start   time.Time
	service *service
	config  atomic.Pointer[Config]
	warned  atomic.Bool // that clients wait, in this phase of the gate

	strangers, refusals, acceptance notice
	lines                           chan func() // to be logged
	stopped                         chan struct{}
	newDriver                       func(*Server) (driver, error)

	mu        sync.Mutex
	room      sync.Cond // of mu: a place was given back, or the server stops
	limits    *limits
	listeners map[*listen.Listener]struct{}
	driver    driver // nil until Serve
	//lint:ignore U1000 only Linux hands connections over
	handing
	stopping bool
}

// New returns a server that does not serve yet.
func New(c Config) *Server {
	s := &Server{
		pool: c.Pool, log: c.Log, start: time.Now().Add(-inheritable),
		limits:    newLimits(c.MaxConnections, c.PerUID),
		listeners: make(map[*listen.Listener]struct{}),
		newDriver: bestDriver,
		lines:     make(chan func(), 16),
		stopped:   make(chan struct{}),
	}
	if c.PID == 0 {
		c.PID = os.Getpid()
	}
	s.service = newService(c.PID, s.pool.Source(credit.Client(c.Alone)).Add)
	s.service.creditsWrites = func(c peercred.Cred) bool { return believes(s.config.Load().Credit, c) }
	s.room.L = &s.mu
	s.Reconfigure(c)
	return s
}

// Reconfigure takes over limits, waiting time and credit from c, and judges the
// open connections by the listening sockets as they are now. Pool, Log and PID
// stay.
func (s *Server) Reconfigure(c Config) {
	c.UnseededWait = min(c.UnseededWait, maxUnseededWait)
	s.pool.Source(credit.Client(c.Alone))
	s.mu.Lock()
	s.config.Store(&c)
	s.limits.set(c.MaxConnections, c.PerUID)
	s.room.Broadcast()
	s.mu.Unlock()
	s.poke()
	s.judge()
}

// Serve answers on ls, and on what Add brings, until ctx ends. Then it closes
// the listeners, answers the requests that are complete, closes everything and
// returns nil, all in less than a second. It serves once.
func (s *Server) Serve(ctx context.Context, ls []*listen.Listener) error {
	d, err := s.newDriver(s)
	if err != nil {
		return err
	}
	for _, l := range ls {
		s.Add(l)
	}
	s.mu.Lock()
	s.driver = d
	for l := range s.listeners {
		d.serve(l)
	}
	s.mu.Unlock()
	s.judge()    // those that were inherited
	go s.write() // not waited for: a log that hangs must not delay the end
	s.watch(ctx)
	s.stop()
	return nil
}

// Add serves l as well; closing l ends that, and its connections stay. A server
// that has stopped closes l.
func (s *Server) Add(l *listen.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		l.Close()
		return
	}
	s.listeners[l] = struct{}{}
	if s.driver != nil {
		s.driver.serve(l)
	}
}

// forget is told of a listener that was closed.
func (s *Server) forget(l *listen.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// watch tells waiting sessions of every change of the gate, until ctx ends.
func (s *Server) watch(ctx context.Context) {
	for {
		changed := s.pool.Changed()
		s.poke()
		select {
		case <-changed:
			s.warned.Store(false)
		case <-ctx.Done():
			return
		}
	}
}

// poke makes every session that waits for the gate look at it again.
func (s *Server) poke() {
	s.mu.Lock()
	d := s.driver
	s.mu.Unlock()
	if d != nil {
		d.poke()
	}
}

// gate returns the state of the generator and what it means for command 1.
func (s *Server) gate() gate {
	return waitFor(s.pool.State(), s.config.Load().UnseededWait)
}

func (s *Server) now() instant { return instant(time.Since(s.start)) + 1 }

// wall is when t is, for the deadline of a socket.
func (s *Server) wall(t instant) time.Time {
	if t == never {
		return time.Time{}
	}
	return s.start.Add(time.Duration(t - 1))
}

// warnWaiting says once in each phase that clients get nothing.
func (s *Server) warnWaiting(g gate) {
	if !s.warned.CompareAndSwap(false, true) {
		return
	}
	why := "the generator is not seeded"
	if g.state == prng.ReseedRequired {
		why = "output is held until the generator is reseeded"
	}
	s.say(func() { s.log.Warn("clients have waited 10 s: " + why) })
}
