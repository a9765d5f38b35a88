package server

import (
	"net/netip"

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
	c.session.believed = believes(s.config.Load().Credit, cred)
	return payer{uid: cred.UID}
}

// meetTCP finds out who pays for a TCP connection, and whether l lets it in.
func (s *Server) meetTCP(c *link, l *listen.Listener, addr netip.Addr) (payer, bool) {
	c.peer.addr = addr.String()
	if !l.Allows(addr) {
		s.service.refused(&s.service.refusedAddress)
		s.logRefusal(c.peer, "address is not allowed")
		return payer{}, false
	}
	return payerOf(addr), true
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
