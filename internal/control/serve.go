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
	Do     map[string]func(context.Context) error // by verb, all but Status
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
			reply(c, nil, err) // fits into the socket: nobody is waited for
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
	report, err := s.serve(ctx, c, peer)
	reply(c, report, err)
}

func reply(c net.Conn, report *Report, err error) {
	a := Answer{Version: Version, Report: report}
	if err != nil {
		var denied deniedError
		a.Error, a.Denied = err.Error(), errors.As(err, &denied)
	}
	c.SetWriteDeadline(time.Now().Add(patience))
	json.NewEncoder(c).Encode(a) // who has gone needs no answer
}

func (s *Server) serve(ctx context.Context, c net.Conn, peer peercred.Cred) (*Report, error) {
	if peer.UID == s.handler.Banned && peer.UID > 0 {
		return nil, deniedf("uid %d runs the daemon's commands and may ask for nothing", peer.UID)
	}
	verb, err := readRequest(c)
	if err != nil {
		return nil, err
	}
	if verb == Status {
		r := s.handler.Status()
		return &r, nil
	}
	if !s.seats.trusts(peer.UID) {
		return nil, deniedf("%s is for uid 0 and uid %d, not for uid %d", verb, s.handler.Owner, peer.UID)
	}
	act := s.acts[verb]
	if act == nil {
		return nil, fmt.Errorf("%s cannot be done by this daemon", verb)
	}
	return nil, act.ask(ctx)
}

// deniedError is a refusal because of who asks.
type deniedError struct{ error }

func deniedf(format string, a ...any) error { return deniedError{fmt.Errorf(format, a...)} }
