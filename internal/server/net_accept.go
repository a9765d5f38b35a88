package server

import (
	"errors"
	"net"
	"syscall"
	"time"

	"prngd/internal/listen"
	"prngd/internal/peercred"
)

// accept takes connections until l is closed.
func (d *netDriver) accept(l *listen.Listener) {
	defer d.core.forget(l)
	backoff := firstBackoff
	for {
		sock, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors? Keep those in use.
			d.core.acceptFailed(l, err)
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

// admit gives a new connection a slot and a goroutine, or closes it.
func (d *netDriver) admit(l *listen.Listener, sock net.Conn) {
	c, k, err := d.identify(l, sock)
	if err != nil || d.core.admission.admitWhenFree(&c.connBase, k, c, d.core.now) != admitted {
		sock.Close()
		return
	}
	d.start(c)
}

// identify finds out what peer a new connection has. The error is for one that the
// listener does not let in.
func (d *netDriver) identify(l *listen.Listener, sock net.Conn) (*netConn, quotaKey, error) {
	a := d.core.admission
	c := &netConn{driver: d, core: d.core, sock: sock}
	c.session.Init(d.core.sessions, &c.tally)
	raw, err := sock.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, quotaKey{}, err
	}
	c.raw = raw
	sock.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(sendBuffer)
	tcp, ok := sock.RemoteAddr().(*net.TCPAddr)
	if !ok {
		cred, _ := peercred.Of(raw) // unknown where the system does not say
		return c, a.identifyUnix(&c.connBase, cred), nil
	}
	k, ok := a.identifyTCP(&c.connBase, l, tcp.AddrPort().Addr().Unmap(), d.core.now())
	if !ok {
		return nil, quotaKey{}, errors.New("address is not allowed")
	}
	setTCPOptions(sock.(*net.TCPConn))
	return c, k, nil
}
