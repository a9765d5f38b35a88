package server

import (
	"github.com/sirupsen/logrus"

	"prngd/internal/listen"
)

// driver joins sockets to sessions: an event loop on Linux, a goroutine for
// each connection elsewhere.
type driver interface {
	serve(*listen.Listener)       // takes connections until it is closed
	poke()                        // the gate or the limits have changed
	eachLink(func(*link, cutter)) // calls it for every connection, where that may be ended
	stop()                        // answers what is complete, closes all, in less than a second
}

// link is what every driver keeps of a connection.
type link struct {
	peer    peer
	place   *place
	session session
	spoke   bool // place knows that a command came
}

// sendBuffer bounds what a socket keeps of replies that its peer does not read.
// Linux doubles it, to 64 KiB with all that belongs to them. Without it a Unix
// socket was seen to keep 195,840 bytes, and TCP grows to megabytes: thousands
// of deaf clients would fill the memory of a small machine, or our cgroup's.
const sendBuffer = 32 << 10

// note tells limits and log what the last step of the session brought.
func (s *Server) note(c *link, now instant) {
	if c.session.completed && !c.spoke {
		c.spoke = true
		s.mu.Lock()
		s.limits.spoke(c.place)
		s.mu.Unlock()
	}
	if c.session.WaitsLong(now) {
		s.warnWaiting(c.session.gate)
	}
}

// leave counts how a connection ended and gives its place back.
func (s *Server) leave(c *link) {
	c.session.abandon()
	s.service.ended(c.session.ended)
	if c.session.ended == strange {
		s.logStranger(c.peer)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.release(c.place)
	s.service.clients.Add(-1)
	s.room.Broadcast()
}

func (s *Server) logStranger(p peer) {
	if skipped, ok := s.strangers.due(s.now()); ok {
		line := s.log.WithFields(p.fields()).WithField("skipped", skipped)
		s.say(func() { line.Info("connection closed: unknown command") })
	}
}

// logAccept notes that no connection can be accepted for now.
func (s *Server) logAccept(l *listen.Listener, err error) {
	l.NoteAccept(err)
	s.service.acceptErrors.Add(1)
	if skipped, ok := s.acceptance.due(s.now()); ok {
		line := s.log.WithError(err).WithFields(logrus.Fields{"skipped": skipped})
		s.say(func() { line.Warn("cannot accept connections, trying again") })
	}
}
