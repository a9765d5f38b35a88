package server

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/sirupsen/logrus"

	"prngd/internal/listen"
	"prngd/internal/peercred"
)

// nobody is the uid that systems give to whoever has none here: the users of
// another container, the root of an NFS client. It is no one in particular.
const nobody = 65534

// peer is who is on the other end: Unix credentials, or a TCP address.
type peer struct {
	cred peercred.Cred
	addr string // "" for Unix
	port int    // of the listening socket, for TCP
}

func (p peer) fields() logrus.Fields {
	if p.addr != "" {
		return logrus.Fields{"peer": p.addr}
	}
	return logrus.Fields{"uid": p.cred.UID, "pid": p.cred.PID}
}

// meetUnix finds out who pays for a Unix connection and whether its writes may
// count.
func (s *Server) meetUnix(c *link, cred peercred.Cred) payer {
	c.peer.cred = cred
	c.session.cred, c.session.known = cred, true
	return payer{uid: cred.UID}
}

// meetTCP finds out who pays for a TCP connection, and whether l lets it in.
func (s *Server) meetTCP(c *link, l *listen.Listener, addr netip.Addr) (payer, bool) {
	c.peer.addr, c.peer.port = addr.String(), l.Address().Port
	if !l.Allows(addr) {
		s.service.refused(&s.service.refusedAddress)
		s.logRefusal(c.peer, "address is not allowed")
		return payer{}, false
	}
	return payerOf(addr), true
}

// judge closes the connections that the listening sockets would not let in any
// more, after a change of allow=. Connections of a socket that is no longer
// listened on live on.
func (s *Server) judge() {
	s.mu.Lock()
	d := s.driver
	listeners := slices.Collect(maps.Keys(s.listeners))
	s.mu.Unlock()
	if d == nil {
		return
	}
	d.eachLink(func(c *link, conn cutter) {
		if !allowed(listeners, c.peer) {
			conn.cut()
		}
	})
}

// allowed reports whether one of the listeners at the peer's port lets it in, or
// none is left there.
func allowed(listeners []*listen.Listener, p peer) bool {
	addr, err := netip.ParseAddr(p.addr)
	if err != nil { // a Unix peer
		return true
	}
	found := false
	for _, l := range listeners {
		if a := l.Address(); a.Network != "tcp" || a.Port != p.port {
			continue
		}
		if l.Allows(addr) {
			return true
		}
		found = true
	}
	return !found
}

// payerOf is who pays for a TCP connection: what its peer cannot have many of.
// That is an IPv4 address, an IPv6 network of 64 bits, and of this host's own
// 2^24 addresses all together.
func payerOf(addr netip.Addr) payer {
	switch {
	case addr.IsLoopback():
		addr = netip.IPv6Loopback()
	case addr.Is6():
		network, _ := addr.WithZone("").Prefix(64)
		addr = network.Addr()
	}
	return payer{uid: tcpPayer, addr: addr}
}

// believes reports whether what a Unix peer claims for its writes may count.
func believes(credit func(peercred.Cred) bool, c peercred.Cred) bool {
	return credit != nil && c.UID != -1 && c.UID != nobody && credit(c)
}

// admit asks, with mu held, for a place for c. Who loses a place to it is cut.
// The caller tries again later if all are taken, and refuses else.
func (s *Server) admit(c *link, p payer, conn cutter) verdict {
	got, evicted, v := s.limits.admit(p, s.now())
	for _, e := range evicted {
		s.service.evicted.Add(1)
		e.conn.cut()
	}
	if v == admitted {
		c.place, got.conn = got, conn
		s.service.clients.Add(1)
		s.service.clientsEver.Add(1)
	}
	return v
}

// refuse counts a refusal and says so.
func (s *Server) refuse(v verdict, p peer) {
	switch v {
	case refusedPerPayer:
		s.service.refused(&s.service.refusedPerUID)
		s.logRefusal(p, "at its own limit of connections")
	case refusedReserved:
		s.service.refused(&s.service.refusedReserved)
		s.logRefusal(p, "the last places are kept for others")
	}
}

func (s *Server) logRefusal(p peer, why string) {
	if skipped, ok := s.refusals.due(s.now()); ok {
		line := s.log.WithFields(p.fields()).WithField("skipped", skipped)
		s.say(func() { line.Warn("connection refused: " + why) })
	}
}
