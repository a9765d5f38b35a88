package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"prngd/peercred"
)

const (
	maxClients = 16              // at a time; more wait in the backlog
	patience   = 5 * time.Second // for a request and for taking its answer

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
}

// NewServer returns a server for h.
func NewServer(h Handler) *Server {
	s := &Server{handler: h, acts: make(map[string]*action)}
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
	slots := make(chan struct{}, maxClients)
	for {
		slots <- struct{}{}
		c, err := l.Accept()
		if err != nil && (ctx.Err() != nil || errors.Is(err, net.ErrClosed)) {
			return
		}
		if err != nil { // out of descriptors? The next second may have some.
			<-slots
			pause(ctx, time.Second)
			continue
		}
		clients.Go(func() {
			defer func() { <-slots }()
			defer c.Close()
			s.answer(ctx, c)
		})
	}
}

// answer serves one connection: credentials are read before a byte is parsed.
func (s *Server) answer(ctx context.Context, c net.Conn) {
	c.SetDeadline(time.Now().Add(patience))
	defer context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Now().Add(parting)) })()
	a := Answer{Version: Version}
	if report, err := s.serve(ctx, c); err != nil {
		var denied deniedError
		a.Error, a.Denied = err.Error(), errors.As(err, &denied)
	} else {
		a.Report = report
	}
	c.SetWriteDeadline(time.Now().Add(patience))
	json.NewEncoder(c).Encode(a) // who has gone needs no answer
}

func (s *Server) serve(ctx context.Context, c net.Conn) (*Report, error) {
	peer, err := peercred.OfConn(c)
	if err != nil {
		return nil, fmt.Errorf("reading who asks: %w", err)
	}
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
	if peer.UID != 0 && peer.UID != s.handler.Owner {
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
