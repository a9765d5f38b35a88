//go:build linux

package harness

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"prngd/egdproto"
)

// Kinds are so many clients of every kind, at least one of each. Pauses are short beside those of the real ones, of
// which there may be many more.
func Kinds(clients int) []Kind {
	between := func(least, most time.Duration) [2]time.Duration {
		return [2]time.Duration{least * time.Millisecond, most * time.Millisecond}
	}
	kinds := []Kind{ // N in 1,000
		{Name: "guest", N: 300, Turn: talk("pid", 4), Pause: between(1000, 2000), Last: true}, // QEMU, before a driver is loaded
		{Name: "tlsmgr", N: 180, Turn: Postfix, Pause: between(1000, 8000)},                   // Postfix
		{Name: "qemu", N: 80, Turn: qemu, Pause: between(500, 3000)},
		{Name: "ekeyd", N: 40, Turn: talk("all512 pid", 2, 128, 2, 128, 2, 128, 2, 128, 4), Pause: between(500, 3000), TCP: true},
		{Name: "openssl", N: 50, Turn: talk("some255", 1, 255), Pause: between(200, 2000), Fresh: true},
		{Name: "openssh", N: 30, Turn: talk("all48", 2, 48), Pause: between(500, 4000), Fresh: true, TCP: true},
		{Name: "asker", N: 50, Turn: levelAndPID, Pause: between(200, 2000)},
		{Name: "giver", N: 50, Turn: give, Pause: between(200, 2000)},
		{Name: "pipe", N: 40, Turn: pipe, Pause: between(500, 3000), Fresh: true},
		// The test of EGD's own client: what came before an unknown command is answered, and then the connection is closed.
		{Name: "bogus", N: 20, Turn: talk("pid end", 4, 0x93, 0x12), Pause: between(500, 3000), Fresh: true},
		{Name: "slow", N: 40, Turn: slow, Pause: between(0, 2000), Fresh: true, Bad: true},
		{Name: "deaf", N: 40, Turn: deaf, Pause: between(0, 2000), Fresh: true, Bad: true},
		{Name: "rude", N: 40, Turn: rude, Pause: between(100, 1000), Fresh: true, Bad: true},
		{Name: "storm", N: 40, Turn: storm, Pause: between(500, 2000), Fresh: true, Bad: true},
	}
	for i := range kinds {
		kinds[i].N = max(1, kinds[i].N*clients/1000)
	}
	return kinds
}

// talk is a turn that sends requests and wants these replies: "pid", "level", "end", "all32", which is as many random
// bytes, or "some32", which is that after a length byte.
func talk(replies string, requests ...byte) func(*Client, net.Conn) error {
	return func(c *Client, conn net.Conn) error { return c.expect(Send(conn, requests...), replies) }
}

func (c *Client) expect(r *Replies, replies string) error {
	for reply := range strings.FieldsSeq(replies) {
		what := strings.TrimRight(reply, "0123456789")
		n, _ := strconv.Atoi(reply[len(what):])
		switch what {
		case "pid":
			r.PID(c.PID)
		case "level":
			r.Level()
		case "end":
			r.End()
		case "some":
			r.Length(byte(n))
			fallthrough
		case "all":
			b := make([]byte, n)
			if r.Random(b); r.Err == nil {
				c.got = append(c.got, b...)
			}
		default:
			panic("internal error: no such reply: " + reply)
		}
	}
	return r.Err
}

// Batch asks for everything there is, known replies and random ones in turn: a byte too many or too few anywhere
// shows in the next known one.
func Batch(c *Client, conn net.Conn) error {
	return talk("all32 pid some255 level all319 pid", 2, 32, 4, 1, 255, 0, 3, 0, 8, 2, 0xaa, 0xbb, 2, 255, 2, 64, 4)(c, conn)
}

// Postfix takes 32 bytes as its tlsmgr does: all of the reply in one read, or it gives up.
func Postfix(c *Client, conn net.Conn) error { return c.exactly(conn, 33, 1, 1, 32) }

// Piece is QEMU's for a guest's driver: 255 bytes, and not one more.
func Piece(c *Client, conn net.Conn) error { return c.exactly(conn, 255, 255, 2, 255) }

// exactly wants a reply of n bytes by itself, and reads until it has the least of them.
func (c *Client) exactly(conn net.Conn, n, least int, command, random byte) error {
	if _, err := conn.Write([]byte{command, random}); err != nil {
		return err
	}
	b := make([]byte, n+1)
	got, err := io.ReadAtLeast(conn, b, least)
	if got != n || command == 1 && b[0] != random {
		return fmt.Errorf("%d bytes, the first %d, expected %d: %v", got, b[0], n, err)
	}
	c.got = append(c.got, b[n-int(random):n]...)
	return nil
}

// qemu asks for many pieces without waiting. QEMU never looks whether the stream is in step; we do, by a reply that is
// known behind them.
func qemu(c *Client, conn net.Conn) error {
	n := 4 + c.mood.IntN(28)
	return talk(fmt.Sprintf("all%d pid", n*255), append(bytes.Repeat([]byte{2, 255}, n), 4)...)(c, conn)
}

// levelAndPID asks for both, one after the other.
func levelAndPID(c *Client, conn net.Conn) error {
	if err := talk("level", 0)(c, conn); err != nil {
		return err
	}
	return talk("pid", 4)(c, conn)
}

// give writes what nobody credits.
func give(c *Client, conn net.Conn) error {
	gift := make([]byte, 1+c.mood.IntN(600))
	if err := egdproto.NewClient(conn).Write(8*len(gift), gift); err != nil {
		return err
	}
	return talk("pid", 4)(c, conn)
}

// pipe is printf into socat: it shuts its side before it reads.
func pipe(c *Client, conn net.Conn) error {
	r := Send(conn, 2, 32, 1, 0)
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		return err
	}
	return c.expect(r, "all32 some0 end")
}

// The attackers are dropped or not; what the others suffer is counted there.

// slow begins a write of 255 bytes and sends one each second.
func slow(c *Client, conn net.Conn) error {
	conn.SetDeadline(time.Time{})
	_, err := conn.Write([]byte{4, 3, 0, 8, 255})
	for err == nil && c.sleep(time.Second) {
		_, err = conn.Write([]byte{'x'})
	}
	return err
}

// deaf asks for more than it will ever read, until it is dropped.
func deaf(c *Client, conn net.Conn) (err error) {
	conn.SetDeadline(time.Time{})
	defer context.AfterFunc(c.life, func() { conn.Close() })()
	for err == nil {
		_, err = conn.Write(bytes.Repeat([]byte{2, 255, 1, 255}, 1000))
	}
	return err
}

// rude goes away in the middle of something.
func rude(c *Client, conn net.Conn) error {
	half := [][]byte{
		{1},                           // half a request
		{3, 0, 8, 9, 1, 2},            // half a gift
		{3, 0, 8, 2, 0xaa, 0xbb},      // a whole one, as Heimdal does
		{2, 255, 1, 255, 0, 4},        // replies that it will not read
		{0x93},                        // nonsense
		bytes.Repeat([]byte{2, 9}, 9), // and read a little below
		nil,
	}[c.mood.IntN(7)]
	_, err := conn.Write(half)
	if len(half) == 18 && err == nil {
		conn.Read(make([]byte, 10))
	}
	return err
}

// storm connects ten times without a word.
func storm(c *Client, _ net.Conn) error {
	for range 10 {
		if conn, err := c.dial(); err == nil {
			conn.Close()
		}
	}
	return nil
}
