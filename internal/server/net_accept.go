package server

import (
	"errors"
	"net"
	"syscall"
	"time"

	"prngd/internal/listen"
	"prngd/internal/peercred"
)

// Accept errors are waited out, longer each time.
const (
	firstBackoff = 10 * time.Millisecond
	lastBackoff  = time.Second
)

// accept takes connections until l is closed.
func (d *netDriver) accept(l *listen.Listener) {
	defer d.server.forget(l)
	backoff := firstBackoff
	for {
		sock, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors? Keep those we have.
			d.server.logAccept(l, err)
			if !sleep(l, backoff) {
				return
			}
			backoff = min(2*backoff, lastBackoff)
		default:
			backoff = firstBackoff
			l.NoteAccept(nil)
			d.admit(l, sock)
		}
	}
}

// sleep returns false when l is closed.
func sleep(l *listen.Listener, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.Closed():
		return false
	}
}

// admit gives a newcomer a place and a goroutine, or closes it.
func (d *netDriver) admit(l *listen.Listener, sock net.Conn) {
	c, p, err := d.meet(l, sock)
	if err != nil {
		sock.Close()
		return
	}
	s := d.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := d.place(c, p); v != admitted {
		sock.Close()
		s.refuse(v, c.peer)
		return
	}
	d.conns[c] = struct{}{}
	d.running.Go(c.run)
}

// place waits, with mu held, while every place is taken: for the newcomers
// behind this one that is the backlog. When the server stops it returns full.
func (d *netDriver) place(c *conn, p payer) verdict {
	for {
		v := d.server.admit(&c.link, p, c)
		if v != full || d.server.stopping {
			return v
		}
		d.server.room.Wait()
	}
}

// meet finds out who a newcomer is, and turns away whom the listener does not
// let in.
func (d *netDriver) meet(l *listen.Listener, sock net.Conn) (*conn, payer, error) {
	s := d.server
	c := &conn{driver: d, server: s, sock: sock}
	c.session.svc, c.session.tally = s.service, &c.tally
	raw, err := sock.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, payer{}, err
	}
	c.raw = raw
	sock.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(sendBuffer)
	tcp, ok := sock.RemoteAddr().(*net.TCPAddr)
	if !ok {
		cred, _ := peercred.Of(raw) // unknown where the system does not say
		return c, s.meetUnix(&c.link, cred), nil
	}
	p, ok := s.meetTCP(&c.link, l, tcp.AddrPort().Addr().Unmap())
	if !ok {
		return nil, payer{}, errors.New("address is not allowed")
	}
	tuneTCP(sock.(*net.TCPConn))
	return c, p, nil
}

// An idle TCP peer that is there is never a reason to close; one whose host is
// gone is noticed in a few minutes.
const (
	keepAliveIdle     = time.Minute
	keepAliveInterval = 15 * time.Second
	keepAliveCount    = 8
)

// tuneTCP sends replies at once and keeps the connection alive.
func tuneTCP(c *net.TCPConn) {
	c.SetNoDelay(true)
	c.SetKeepAliveConfig(net.KeepAliveConfig{
		Enable: true, Idle: keepAliveIdle, Interval: keepAliveInterval, Count: keepAliveCount,
	})
}
