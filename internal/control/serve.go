package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"prngd/internal/peercred"
)

const (
	patience = 5 * time.Second // for a request and for taking its answer

	// parting is for the request of who was accepted when the server ends.
	parting = 100 * time.Millisecond
)

// Handler is what the daemon does for its admin.
type Handler struct {
	Status func() Report
	Do     map[string]func(context.Context) error // by verb, all but Status and Fresh
	Fresh  func(ctx context.Context, n int) ([]byte, error)
	// Owner is the uid that started the daemon. It and uid 0 may do everything;
	// whoever the socket's mode lets in may ask for the status.
	Owner int
	// Banned is a uid that gets nothing whatever the mode says: that of the
	// commands of prngd.conf. -1 is nobody.
	Banned int
}

// Server answers on one control socket.
type Server struct {
	handler Handler
	acts    map[string]*action
	seats   *seats
}

// NewServer returns a server for h.
func NewServer(h Handler) *Server {
	s := &Server{handler: h, acts: make(map[string]*action), seats: newSeats(h.Owner)}
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
		peer, err := s.meet(c)
		if err != nil {
			reply(c, Answer{}, err) // fits into the socket: nobody is waited for
			c.Close()
			continue
		}
		clients.Go(func() {
			defer c.Close() // later than the seat is free: who sees the end may come again
			defer s.seats.leave(peer.UID)
			s.answer(ctx, c, peer)
		})
	}
}

// meet finds out who comes, before a byte is read, and gives him a seat.
func (s *Server) meet(c net.Conn) (peercred.Cred, error) {
	peer, err := peercred.OfConn(c)
	if err != nil {
		return peer, fmt.Errorf("reading who asks: %w", err)
	}
	if !s.seats.take(peer.UID) {
		return peer, errors.New("too many requests at a time: ask again")
	}
	return peer, nil
}

// answer serves one connection.
func (s *Server) answer(ctx context.Context, c net.Conn, peer peercred.Cred) {
	c.SetDeadline(time.Now().Add(patience))
	defer context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Now().Add(parting)) })()
	a, err := s.serve(ctx, c, peer)
	defer clear(a.Data)
	reply(c, a, err)
}

func reply(c net.Conn, a Answer, err error) {
	a.Version = Version
	var refused *RefusedError
	if errors.As(err, &refused) {
		a.Error, a.Denied, a.Status = err.Error(), refused.Denied, refused.Status
	} else if err != nil {
		a.Error = err.Error()
	}
	c.SetWriteDeadline(time.Now().Add(patience))
	json.NewEncoder(c).Encode(a) // a client that has gone needs no answer
}

func (s *Server) serve(ctx context.Context, c net.Conn, peer peercred.Cred) (a Answer, err error) {
	if peer.UID == s.handler.Banned && peer.UID > 0 {
		return a, deniedf("uid %d runs the daemon's commands and may ask for nothing", peer.UID)
	}
	q, err := readRequest(c)
	if err != nil {
		return a, err
	}
	if q.verb == Status {
		r := s.handler.Status()
		return Answer{Report: &r}, nil
	}
	if !s.seats.trusts(peer.UID) {
		return a, deniedf("%s is for uid 0 and uid %d, not for uid %d", q.verb, s.handler.Owner, peer.UID)
	}
	if q.verb == Fresh && s.handler.Fresh != nil {
		limited, cancel := context.WithTimeout(ctx, actLimit)
		defer cancel()
		a.Data, err = s.handler.Fresh(limited, q.n)
		return a, err
	}
	act := s.acts[q.verb]
	if act == nil {
		return a, fmt.Errorf("%s cannot be done by this daemon", q.verb)
	}
	return a, act.ask(ctx)
}

// deniedf is a refusal because of the peer.
func deniedf(format string, a ...any) error {
	return &RefusedError{Reason: fmt.Sprintf(format, a...), Denied: true}
}
