package main

import (
	"crypto/rand"
	"net"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"prngd/egdproto"
)

// senders is where a script keeps its senders, by address.
type senders struct{}

// A sender listens and sends bytes without end to everybody who connects.
type sender struct {
	listener net.Listener
	next     func([]byte)

	mu    sync.Mutex
	conns []net.Conn
}

// sends starts a sender of random bytes, or of zeros: sends ADDRESS [zeros].
func sends(ts *testscript.TestScript, neg bool, args []string) {
	a, err := egdproto.ParseAddress(args[0])
	ts.Check(err)
	network, address := a.Dial()
	l, err := net.Listen(network, address)
	ts.Check(err)
	s := &sender{listener: l, next: func(b []byte) { rand.Read(b) }}
	if len(args) > 1 {
		s.next = func(b []byte) { clear(b) }
	}
	ts.Value(senders{}).(map[string]*sender)[args[0]] = s
	ts.Defer(s.end)
	go s.serve()
}

// dries ends a sender and its connections: dries ADDRESS.
func dries(ts *testscript.TestScript, neg bool, args []string) {
	ts.Value(senders{}).(map[string]*sender)[args[0]].end()
}

func (s *sender) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		go func() {
			defer c.Close()
			for err := error(nil); err == nil; {
				b := make([]byte, 256)
				s.next(b)
				_, err = c.Write(b)
			}
		}()
	}
}

func (s *sender) end() {
	s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}
