package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"prngd/internal/change"
	"prngd/internal/peercred"
)

const patience = 5 * time.Second // for a request and for taking its answer

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

	mu       sync.Mutex                 // guards what follows
	upgrades map[*net.UnixConn]struct{} // clients that wait for the outcome of an upgrade
	unread   []Unread
}

// Unread is a connection whose request had not come when [Server.Serve] ended.
type Unread struct {
	Conn *net.UnixConn
	Said string // the part of the request that had come
}

// NewServer returns a server for h.
func NewServer(h Handler) *Server {
	s := &Server{handler: h, acts: make(map[string]*action), slots: newSlots(h.Owner),
		upgrades: make(map[*net.UnixConn]struct{})}
	for verb, do := range h.Do {
		s.acts[verb] = newAction(do)
	}
	return s
}

// Serve answers on l, which listens on a Unix socket, until ctx ends; l is
// closed then. A connection whose request has not come stays open, for the next
// Serve or for the next program: see [Server.Adopt].
func (s *Server) Serve(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var clients sync.WaitGroup
	defer clients.Wait()
	enter := func(c net.Conn, said string) {
		peer, err := s.admit(c)
		if err != nil {
			reply(c, Answer{}, err) // fits into the socket: nobody is waited for
			c.Close()
			return
		}
		clients.Go(func() { s.client(ctx, c, said, peer) })
	}
	for _, u := range s.takeUnread() {
		enter(u.Conn, u.Said)
	}
	for {
		c, err := l.Accept()
		if err != nil && (ctx.Err() != nil || errors.Is(err, net.ErrClosed)) {
			return
		}
		if err != nil { // out of descriptors? The next second may have some.
			pause(ctx, time.Second)
			continue
		}
		enter(c, "")
	}
}

// admit identifies the peer before a byte is read, and gives it a slot unless it
// may ask for nothing.
func (s *Server) admit(c net.Conn) (peercred.Cred, error) {
	peer, err := peercred.OfConn(c)
	if err != nil {
		return peer, change.Later(fmt.Errorf("reading the credentials of the peer: %w", err))
	}
	if peer.UID == s.handler.Banned && peer.UID > 0 {
		return peer, deniedf("uid %d runs the daemon's commands and may ask for nothing", peer.UID)
	}
	if !s.slots.take(peer.UID) {
		return peer, change.Later(errors.New("too many requests at a time: ask again"))
	}
	return peer, nil
}

// client serves one connection, whose client has said a part of its request
// before. One that asks for an upgrade is not waited for when the server ends: it
// waits for the new program.
func (s *Server) client(ctx context.Context, c net.Conn, said string, peer peercred.Cred) {
	leave := func() {
		s.slots.release(peer.UID) // before the close: a client that sees the end may come again
		c.Close()
	}
	c.SetDeadline(time.Now().Add(patience))
	stop := context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Now()) })
	line, err := readLine(c, said)
	stop()
	unix, ok := c.(*net.UnixConn)
	if ok && ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		s.slots.release(peer.UID)
		s.Adopt(Unread{unix, line})
		return
	}
	if errors.Is(err, errEGD) { // the client would take an answer for random bytes
		leave()
		return
	}
	var q request
	if err == nil {
		q, err = s.request(line, peer)
	}
	if ok && err == nil && q.verb == Upgrade {
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
	s.upgrades[c] = struct{}{}
	s.mu.Unlock()
	err := s.acts[Upgrade].ask(context.Background())
	s.mu.Lock()
	delete(s.upgrades, c)
	s.mu.Unlock()
	reply(c, Answer{}, err)
	leave()
}

// Unanswered returns the clients that wait for the outcome of an upgrade. The
// program that takes over tells them with [AnswerUpgrade].
func (s *Server) Unanswered() []*net.UnixConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.upgrades))
}

// Adopt has the next Serve, or the one of the next program, read the rest of the
// request.
func (s *Server) Adopt(u Unread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unread = append(s.unread, u)
}

// Unread returns the connections whose request has not come. They stay s's: if the
// exec fails, the next Serve reads on.
func (s *Server) Unread() []Unread {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unread)
}

// takeUnread returns them to a Serve.
func (s *Server) takeUnread() []Unread {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.unread
	s.unread = nil
	return list
}

// AnswerUpgrade tells the client at the other end of c that the upgrade it asked
// for is done, and closes c.
func AnswerUpgrade(c net.Conn) {
	reply(c, Answer{}, nil)
	c.Close()
}

func reply(c net.Conn, a Answer, err error) {
	a.Version = Version
	if refused, ok := errors.AsType[*RefusedError](err); ok {
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

// request parses what peer asks for, and refuses what it must not ask for.
func (s *Server) request(line string, peer peercred.Cred) (q request, err error) {
	q, err = parseRequest(line)
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
