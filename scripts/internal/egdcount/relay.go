package main

import (
	"log"
	"net"
	"time"

	"prngd/egdproto"
)

// relay connects every client to the server over a connection of its own.
type relay struct {
	server egdproto.Address
	halve  bool // send the server's chunks in two pieces
	sum    tally
}

// halfway carries bytes one way until EOF, and hands EOF on.
type halfway struct {
	from, to net.Conn
	see      func([]byte)
	halve    bool
}

func (r *relay) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed: the end
		}
		go r.connect(c)
	}
}

func (r *relay) connect(client net.Conn) {
	defer client.Close()
	network, address := r.server.Dial()
	server, err := net.Dial(network, address)
	if err != nil {
		log.Print(err)
		return
	}
	defer server.Close()
	conv := r.sum.newConversation()
	done := make(chan struct{})
	go func() {
		halfway{from: client, to: server, see: conv.client}.carry()
		close(done)
	}()
	halfway{from: server, to: client, see: conv.server, halve: r.halve}.carry()
	client.Close() // the server is gone: what the client still says cannot be carried
	<-done
}

func (h halfway) carry() {
	buf := make([]byte, 64<<10)
	for {
		n, err := h.from.Read(buf)
		if !h.forward(buf[:n]) || err != nil {
			break
		}
	}
	if w, ok := h.to.(interface{ CloseWrite() error }); ok {
		w.CloseWrite()
	}
}

func (h halfway) forward(chunk []byte) bool {
	if h.halve && len(chunk) > 1 {
		middle := len(chunk) / 2
		if !h.send(chunk[:middle]) {
			return false
		}
		time.Sleep(100 * time.Millisecond)
		chunk = chunk[middle:]
	}
	return h.send(chunk)
}

// send looks before it writes: a reply must never come before its request was seen.
func (h halfway) send(piece []byte) bool {
	h.see(piece)
	_, err := h.to.Write(piece)
	return err == nil
}
