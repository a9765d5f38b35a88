package server

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"prngd/peercred"
)

// nobody is the uid that systems give to whoever has none here: the users of
// another container, the root of an NFS client. It is no one in particular.
const nobody = 65534

// Accept errors are waited out, longer each time.
const (
	firstBackoff = 10 * time.Millisecond
	lastBackoff  = time.Second
)

// peer is who is on the other end: Unix credentials, or a TCP address.
type peer struct {
	cred peercred.Cred
	addr string // "" for Unix
}

func (p peer) fields() logrus.Fields {
	if p.addr != "" {
		return logrus.Fields{"peer": p.addr}
	}
	return logrus.Fields{"uid": p.cred.UID, "pid": p.cred.PID}
}

// accept takes connections until l is closed.
func (s *Server) accept(l *Listener) {
	defer s.forget(l)
	backoff := firstBackoff
	for {
		sock, err := l.ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors? Keep those we have.
			s.service.acceptErrors.Add(1)
			if skipped, ok := s.acceptance.due(s.now()); ok {
				line := s.log.WithError(err).WithField("skipped", skipped)
				s.say(func() { line.Warn("cannot accept connections, trying again") })
			}
			if !l.sleep(backoff) {
				return
			}
			backoff = min(2*backoff, lastBackoff)
		default:
			backoff = firstBackoff
			s.admit(l, sock)
		}
	}
}

func (s *Server) forget(l *Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// admit gives a newcomer a place and a goroutine, or closes it.
func (s *Server) admit(l *Listener, sock net.Conn) {
	c, p, err := s.meet(l, sock)
	if err != nil {
		sock.Close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	place, v := s.place(p)
	if v != admitted {
		sock.Close()
		s.refuse(v, c)
		return
	}
	c.place, place.conn = place, c
	s.conns[c] = struct{}{}
	s.service.clients.Add(1)
	s.service.clientsEver.Add(1)
	s.running.Go(c.run)
}

// place waits, with mu held, while every place is taken: for the newcomers
// behind this one that is the backlog. When the server stops it returns full.
func (s *Server) place(p payer) (*place, verdict) {
	for {
		got, evicted, v := s.limits.admit(p, s.now())
		for _, e := range evicted {
			s.service.evicted.Add(1)
			e.conn.cut()
		}
		if v != full || s.stopping {
			return got, v
		}
		s.room.Wait()
	}
}

// meet finds out who a newcomer is, and turns away whom the listener does not
// let in.
func (s *Server) meet(l *Listener, sock net.Conn) (*conn, payer, error) {
	c := &conn{server: s, sock: sock}
	c.session.svc = s.service
	raw, err := sock.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, payer{}, err
	}
	c.raw = raw
	tcp, ok := sock.RemoteAddr().(*net.TCPAddr)
	if !ok {
		c.peer.cred, _ = peercred.Of(raw) // unknown where the system does not say
		c.session.believed = believes(s.config.Load().Credit, c.peer.cred)
		return c, payer{uid: c.peer.cred.UID}, nil
	}
	addr := tcp.AddrPort().Addr().Unmap()
	c.peer.addr = addr.String()
	if !l.allows(addr) {
		s.service.refused(&s.service.refusedAddress)
		s.logRefusal(c, "address is not allowed")
		return nil, payer{}, errors.New("address is not allowed")
	}
	tuneTCP(sock.(*net.TCPConn))
	return c, payer{uid: -2, addr: addr.WithZone("")}, nil
}

// believes reports whether what a Unix peer claims for its writes may count.
func believes(credit func(peercred.Cred) bool, c peercred.Cred) bool {
	return credit != nil && c.UID != -1 && c.UID != nobody && credit(c)
}

// tuneTCP sends replies at once, and notices in a few minutes that a peer's
// host is gone. An idle peer that is there is never a reason to close.
func tuneTCP(c *net.TCPConn) {
	c.SetNoDelay(true)
	c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 8})
}

// refuse counts a refusal and says so.
func (s *Server) refuse(v verdict, c *conn) {
	switch v {
	case refusedPerPayer:
		s.service.refused(&s.service.refusedPerUID)
		s.logRefusal(c, "at its own limit of connections")
	case refusedReserved:
		s.service.refused(&s.service.refusedReserved)
		s.logRefusal(c, "the last places are kept for others")
	}
}

func (s *Server) logRefusal(c *conn, why string) {
	if skipped, ok := s.refusals.due(s.now()); ok {
		line := s.log.WithFields(c.peer.fields()).WithField("skipped", skipped)
		s.say(func() { line.Warn("connection refused: " + why) })
	}
}

func (s *Server) logStranger(c *conn) {
	if skipped, ok := s.strangers.due(s.now()); ok {
		line := s.log.WithFields(c.peer.fields()).WithField("skipped", skipped)
		s.say(func() { line.Info("connection closed: unknown command") })
	}
}

// spoke notes that p's connection has sent a command.
func (s *Server) spoke(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits.spoke(p)
}

// leave gives a connection's place back.
func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.limits.release(c.place)
	s.service.clients.Add(-1)
	s.room.Broadcast()
}
