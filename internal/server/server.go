// Package server answers the EGD protocol on Unix and TCP sockets: it admits
// connections, joins each to a session, and drives them all.
package server

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"prngd/internal/credit"
	"prngd/internal/listen"
	"prngd/internal/peercred"
	"prngd/internal/session"
)

// Server serves EGD clients from a generator.
type Server struct {
	core      *core
	newDriver func(*core, []Connection) (driver, error)
	inherited []Connection // for the driver; before Serve alone

	mu        sync.Mutex // guards what follows
	listeners map[*listen.Listener]struct{}
	driver    driver   // nil until Serve
	parking   *parking // between Park and Resume
	stopping  bool
}

// New returns a server that does not serve yet.
func New(c Config) *Server {
	if c.PID == 0 {
		c.PID = os.Getpid()
	}
	log := newAsyncLog(c.Log)
	k := &core{
		generator: c.Generator, clients: c.Generator.Source(credit.Client(false)), log: log, start: time.Now().Add(-oldestInherited),
		admission: newAdmission(c.MaxConnections, c.PerUID, log),
	}
	k.sessions = session.NewService(c.PID, k.mix,
		func(p peercred.Cred) bool { return creditsWrites(k.config.Load().CreditsWrites, p) })
	s := &Server{core: k, newDriver: systemDriver, listeners: make(map[*listen.Listener]struct{})}
	k.forget = s.forget
	s.Reconfigure(c)
	return s
}

// Reconfigure adopts limits, waiting time and write credit from c, and closes the
// open TCP connections that the listening sockets would not let in any more.
// Generator, Log and PID stay.
func (s *Server) Reconfigure(c Config) {
	c.UnseededWait = min(c.UnseededWait, maxUnseededWait)
	s.core.config.Store(&c)
	s.core.admission.setLimits(c.MaxConnections, c.PerUID)
	s.recheck()
	s.checkPeers()
}

// Serve answers on ls, and on what Add brings, until ctx ends. Then it closes
// the listeners, answers the requests that are complete, closes everything and
// returns nil, all in less than a second. It serves once.
func (s *Server) Serve(ctx context.Context, ls []*listen.Listener) error {
	d, err := s.newDriver(s.core, s.inherited)
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
	s.checkPeers()      // inherited ones
	go s.core.log.run() // not waited for: a log that hangs must not delay the end
	s.watch(ctx)
	s.stop(d)
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

// stop closes listeners and connections.
func (s *Server) stop(d driver) {
	s.mu.Lock()
	s.stopping = true
	for l := range s.listeners {
		l.Close() // connections are refused from here on
	}
	s.mu.Unlock()
	s.core.admission.stop()
	d.stop()
	s.core.log.stop()
}

// watch tells waiting sessions of every change of the generator's state, until ctx
// ends.
func (s *Server) watch(ctx context.Context) {
	for {
		changed := s.core.generator.Changed()
		s.recheck()
		select {
		case <-changed:
			s.core.log.stateChanged()
		case <-ctx.Done():
			return
		}
	}
}

// recheck makes every session that waits for a seed look at the state again, and
// retries the admission of connections that wait for a slot.
func (s *Server) recheck() {
	if d := s.serving(); d != nil {
		d.recheck()
	}
}

// checkPeers force closes the connections that the listening sockets would not let
// in any more, after a change of allow=. Connections of a socket that is no longer
// listened on live on.
func (s *Server) checkPeers() {
	s.mu.Lock()
	d := s.driver
	listeners := slices.Collect(maps.Keys(s.listeners))
	s.mu.Unlock()
	if d == nil {
		return
	}
	d.eachConn(func(c *connBase, conn forceCloser) {
		if !c.peer.allowedBy(listeners) {
			conn.forceClose()
		}
	})
}

// Alive reports whether the event loop that serves clients answers: it passes a
// token through it and waits for it until ctx ends. A driver without an event loop
// is alive as long as it serves.
func (s *Server) Alive(ctx context.Context) error {
	d := s.serving()
	token := make(chan struct{})
	if d == nil || !d.call(func() { close(token) }) {
		return errNotServing
	}
	select {
	case <-token:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the event loop does not answer: %w", ctx.Err())
	}
}

// Trim gives the memory that the tables of a peak of connections have taken back to
// Go's heap.
func (s *Server) Trim() {
	if d := s.serving(); d != nil {
		d.trim()
	}
}

// serving returns the driver, nil before Serve.
func (s *Server) serving() driver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.driver
}
