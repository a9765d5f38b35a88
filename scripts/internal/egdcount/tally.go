package main

import (
	"errors"
	"fmt"
	"sync"

	"prngd/egdproto"
)

// tally counts what passed over all connections.
type tally struct {
	mu       sync.Mutex
	conns    int
	requests [5]int // by egdproto.Command
	bytes    int    // random bytes that reached the client, without length bytes
	short    int    // answers to command 1 with less than was asked
	split    int    // replies that came in more than one chunk
	unknown  int    // command bytes the protocol does not know; that connection is no longer followed
	stray    int    // bytes from the server that nobody asked for
}

// String is the summary that scripts read: key=value, in one line.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := 0
	for _, n := range t.requests {
		sum += n
	}
	return fmt.Sprintf("connections=%d requests=%d count=%d readsome=%d readall=%d write=%d pid=%d bytes=%d short=%d split=%d unknown=%d stray=%d",
		t.conns, sum, t.requests[egdproto.Count], t.requests[egdproto.ReadSome], t.requests[egdproto.ReadAll],
		t.requests[egdproto.Write], t.requests[egdproto.PID], t.bytes, t.short, t.split, t.unknown, t.stray)
}

// conversation follows one connection in both directions. It only looks: what it
// makes of the bytes never changes what is forwarded.
type conversation struct {
	t      *tally
	asked  []byte             // the start of a request that is not complete yet
	queue  []egdproto.Request // requests whose replies are still to come, oldest first
	got    int                // bytes of queue[0]'s reply seen so far
	want   int                // its length, 0 while unknown
	chunks int                // in how many pieces they came
	lost   bool               // an unknown command: from here on bytes mean nothing
}

func (t *tally) newConversation() *conversation {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns++
	return &conversation{t: t}
}

// client takes what the client sent.
func (c *conversation) client(chunk []byte) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	c.asked = append(c.asked, chunk...)
	for !c.lost {
		q, n, err := egdproto.Parse(c.asked)
		if errors.Is(err, egdproto.ErrShort) {
			return
		}
		if err != nil {
			c.t.unknown++
			c.lost = true
			return
		}
		c.asked = c.asked[n:]
		c.t.requests[q.Command]++
		if q.Command != egdproto.Write && (q.Command != egdproto.ReadAll || q.N > 0) { // there is a reply
			c.queue = append(c.queue, egdproto.Request{Command: q.Command, N: q.N})
		}
	}
}

// server takes one chunk of what the server sent.
func (c *conversation) server(chunk []byte) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	for len(chunk) > 0 && !c.lost {
		if len(c.queue) == 0 {
			c.t.stray += len(chunk)
			return
		}
		q := c.queue[0]
		if c.got == 0 {
			c.want = replyLength(q, chunk[0])
		}
		n := min(c.want-c.got, len(chunk))
		c.got += n
		c.chunks++
		chunk = chunk[n:]
		if c.got == c.want {
			c.t.reply(q, c.want, c.chunks)
			c.queue, c.got, c.chunks = c.queue[1:], 0, 0
		}
	}
}

// replyLength is the length of the whole reply to q, of which first is the first byte.
func replyLength(q egdproto.Request, first byte) int {
	switch q.Command {
	case egdproto.Count:
		return 4
	case egdproto.ReadAll:
		return int(q.N)
	default: // ReadSome and PID: a length byte says it
		return 1 + int(first)
	}
}

// reply books one of so many bytes.
func (t *tally) reply(q egdproto.Request, length, chunks int) {
	switch q.Command {
	case egdproto.ReadAll:
		t.bytes += length
	case egdproto.ReadSome:
		t.bytes += length - 1
		if length-1 < int(q.N) {
			t.short++
		}
	}
	if chunks > 1 {
		t.split++
	}
}
