package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"prngd/egdproto"
)

// names are what is counted: requests by their commands too; random bytes that reached the client, without length bytes;
// answers to command 1 with less than was asked; replies that came in more than one chunk; command bytes that the
// protocol does not know, after which a connection is no longer followed; bytes of the server's that nobody asked for.
var names = [...]string{"connections", "requests", "count", "readsome", "readall", "write", "pid", "bytes", "short", "split", "unknown", "stray"}

// commands are the names of egdproto's.
var commands = [...]string{egdproto.Count: "count", egdproto.ReadSome: "readsome", egdproto.ReadAll: "readall", egdproto.Write: "write", egdproto.PID: "pid"}

// tally counts what passed over all connections.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

// String is the summary that scripts read: key=value, in one line.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, " %s=%d", name, t.n[name])
	}
	return b.String()[1:]
}

// conversation follows one connection in both directions. It only looks: what it
// makes of the bytes never changes what is forwarded.
type conversation struct {
	*tally
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
	t.n["connections"]++
	return &conversation{tally: t}
}

// client takes what the client sent.
func (c *conversation) client(chunk []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, chunk...)
	for !c.lost {
		q, n, err := egdproto.Parse(c.asked)
		if errors.Is(err, egdproto.ErrShort) {
			return
		}
		if err != nil {
			c.n["unknown"]++
			c.lost = true
			return
		}
		c.asked = c.asked[n:]
		c.n["requests"]++
		c.n[commands[q.Command]]++
		if q.Command != egdproto.Write && (q.Command != egdproto.ReadAll || q.N > 0) { // there is a reply
			c.queue = append(c.queue, egdproto.Request{Command: q.Command, N: q.N})
		}
	}
}

// server takes one chunk of what the server sent.
func (c *conversation) server(chunk []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(chunk) > 0 && !c.lost {
		if len(c.queue) == 0 {
			c.n["stray"] += len(chunk)
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
			c.reply(q)
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

// reply books the whole one to q.
func (c *conversation) reply(q egdproto.Request) {
	switch q.Command {
	case egdproto.ReadAll:
		c.n["bytes"] += c.want
	case egdproto.ReadSome:
		c.n["bytes"] += c.want - 1
		if c.want-1 < int(q.N) {
			c.n["short"]++
		}
	}
	if c.chunks > 1 {
		c.n["split"]++
	}
}
