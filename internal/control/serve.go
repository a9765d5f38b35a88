package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"prngd/internal/change"
	"prngd/internal/peercred"
)

const (
	patience = 5 * time.Second // for a request and for taking its answer

	// parting is for the request of a connection that was accepted when the server ends.
	parting = 100 * time.Millisecond
)

// Handler is what the daemon does for its admin.
type Handler struct {
	Status func() Report
	// Do has the actions by verb, all but Status and Fresh. That of Upgrade returns only if the upgrade is
	// refused; otherwise the new program answers, see [Server.Unanswered].
	Do    map[string]func(context.Context) error
	Fresh func(ctx context.Context, n int) ([]byte, error)
	// Owner is the uid that started the daemon. It and uid 0 may do everything;
	// others that the socket's mode lets in may ask for the status.
	Owner int
	// Banned is a uid that gets nothing whatever the mode says: that of the
	// commands of prngd.conf. -1 is nobody.
	Banned int
}

// Server answers on one control socket.
type Server struct {
	handler Handler
	acts    map[string]*action
	slots   *slots

	mu         sync.Mutex
	unanswered map[*net.UnixConn]struct{} // clients that wait for the outcome of an upgrade
}

// NewServer returns a server for h.
func NewServer(h Handler) *Server {
	s := &Server{handler: h, acts: make(map[string]*action), slots: newSlots(h.Owner),
		unanswered: make(map[*net.UnixConn]struct{})}
	for verb, do := range h.Do {
		s.acts[verb] = newAction(do)
	}
	return s
}

// Serve answers on l, which listens on a Unix socket, until ctx ends; l is
// closed then.
func (s *Server) Serve(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		c, err := l.Accept()
		if err != nil && (ctx.Err() != nil || errors.Is(err, net.ErrClosed)) {
			return
		}
		if err != nil { // out of descriptors? The next second may have some.
			pause(ctx, time.Second)
			continue
		}
		peer, err := s.admit(c)
		if err != nil {
			reply(c, Answer{}, err) // fits into the socket: nobody is waited for
			c.Close()
			continue
		}
		clients.Go(func() { s.client(ctx, c, peer) })
	}
}

// admit identifies the peer before a byte is read, and gives it a slot.
func (s *Server) admit(c net.Conn) (peercred.Cred, error) {
	peer, err := peercred.OfConn(c)
	if err != nil {
		return peer, change.Later(fmt.Errorf("reading the credentials of the peer: %w", err))
	}
	if !s.slots.take(peer.UID) {
		return peer, change.Later(errors.New("too many requests at a time: ask again"))
	}
	return peer, nil
}

// client serves one connection. A client that asks for an upgrade is not waited
// for when the server ends: it waits for the new program.
func (s *Server) client(ctx context.Context, c net.Conn, peer peercred.Cred) {
	leave := func() {
		s.slots.release(peer.UID) // before the close: a client that sees the end may come again
		c.Close()
	}
	c.SetDeadline(time.Now().Add(patience))
	stop := context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Now().Add(parting)) })
	q, err := s.request(c, peer)
	stop()
	if unix, ok := c.(*net.UnixConn); ok && err == nil && q.verb == Upgrade {
		go s.upgrade(unix, leave)
		return
	}
	defer leave()
	var a Answer
	if err == nil {
		a, err = s.do(ctx, q)
	}
	defer clear(a.Data)
	reply(c, a, err)
}

// upgrade has the daemon execute its program again, and answers if it does not.
func (s *Server) upgrade(c *net.UnixConn, leave func()) {
	s.mu.Lock()
	s.unanswered[c] = struct{}{}
	s.mu.Unlock()
	err := s.acts[Upgrade].ask(context.Background())
	s.mu.Lock()
	delete(s.unanswered, c)
	s.mu.Unlock()
	reply(c, Answer{}, err)
	leave()
}

// Unanswered returns the clients that wait for the outcome of an upgrade. The
// program that takes over tells them with [AnswerUpgrade].
func (s *Server) Unanswered() []*net.UnixConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.unanswered))
}

// AnswerUpgrade tells the client at the other end of c that the upgrade it asked
// for is done, and closes c.
func AnswerUpgrade(c net.Conn) {
	reply(c, Answer{}, nil)
	c.Close()
}

func reply(c net.Conn, a Answer, err error) {
	a.Version = Version
	var refused *RefusedError
	if errors.As(err, &refused) {
		a.Error, a.Denied, a.Status = err.Error(), refused.Denied, refused.Status
	} else if err != nil {
		a.Error, a.Status = err.Error(), change.ExitStatus(err)
	}
	c.SetWriteDeadline(time.Now().Add(patience))
	json.NewEncoder(c).Encode(a) // a client that has gone needs no answer
}

// admins names the users who may ask for everything.
func (s *Server) admins() string {
	if s.handler.Owner == 0 {
		return "uid 0"
	}
	return fmt.Sprintf("uid 0 and uid %d", s.handler.Owner)
}

// request reads what peer asks for, and refuses what it must not ask for.
func (s *Server) request(c net.Conn, peer peercred.Cred) (q request, err error) {
	if peer.UID == s.handler.Banned && peer.UID > 0 {
		return q, deniedf("uid %d runs the daemon's commands and may ask for nothing", peer.UID)
	}
	q, err = readRequest(c)
	switch {
	case err != nil || q.verb == Status:
		return q, err
	case !s.slots.trusts(peer.UID):
		return q, deniedf("%s is for %s, not for uid %d", q.verb, s.admins(), peer.UID)
	case s.acts[q.verb] == nil && (q.verb != Fresh || s.handler.Fresh == nil):
		return q, fmt.Errorf("%s cannot be done by this daemon", q.verb)
	}
	return q, nil
}

func (s *Server) do(ctx context.Context, q request) (a Answer, err error) {
	switch q.verb {
	case Status:
		r := s.handler.Status()
		a.Report = &r
	case Fresh:
		limited, cancel := context.WithTimeout(ctx, actLimit)
		defer cancel()
		a.Data, err = s.handler.Fresh(limited, q.n)
	default:
		err = s.acts[q.verb].ask(ctx)
	}
	return a, err
}

// deniedf is a refusal because of the peer.
func deniedf(format string, a ...any) error {
	return &RefusedError{Reason: fmt.Sprintf(format, a...), Denied: true}
}
