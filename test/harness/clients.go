//go:build linux

package harness

import (
	"bytes"
	"fmt"
	"net"
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
		{Name: "guest", N: 300, Turn: PID, Pause: between(1000, 2000), Last: true}, // QEMU, before a driver is loaded
		{Name: "tlsmgr", N: 180, Turn: Tlsmgr, Pause: between(1000, 8000)},         // Postfix
		{Name: "qemu", N: 80, Turn: QEMU, Pause: between(500, 3000)},
		{Name: "ekeyd", N: 40, Turn: Ekeyd, Pause: between(500, 3000), TCP: true},
		{Name: "openssl", N: 50, Turn: OpenSSL, Pause: between(200, 2000), Fresh: true},
		{Name: "openssh", N: 30, Turn: OpenSSH, Pause: between(500, 4000), Fresh: true, TCP: true},
		{Name: "asker", N: 50, Turn: LevelAndPID, Pause: between(200, 2000)},
		{Name: "giver", N: 50, Turn: Gift, Pause: between(200, 2000)},
		{Name: "pipe", N: 40, Turn: Pipe, Pause: between(500, 3000), Fresh: true},
		{Name: "bogus", N: 20, Turn: Unknown, Pause: between(500, 3000), Fresh: true},
		{Name: "slow", N: 40, Turn: Slow, Pause: between(0, 2000), Fresh: true, Bad: true},
		{Name: "deaf", N: 40, Turn: Deaf, Pause: between(0, 2000), Fresh: true, Bad: true},
		{Name: "rude", N: 40, Turn: Rude, Pause: between(100, 1000), Fresh: true, Bad: true},
		{Name: "storm", N: 40, Turn: Storm, Pause: between(500, 2000), Fresh: true, Bad: true},
	}
	for i := range kinds {
		kinds[i].N = max(1, kinds[i].N*clients/1000)
	}
	return kinds
}

// Well-behaved clients: one turn each, and what is wrong with what they get.

// Tlsmgr takes its 32 bytes as Postfix does: a length byte, and then all the others in one read, or it gives up.
func Tlsmgr(c *Client, conn net.Conn) error {
	r := Send(conn, 1, 32)
	r.Length(32)
	if r.Err != nil {
		return r.Err
	}
	var b [32]byte
	if n, err := conn.Read(b[:]); n != len(b) {
		return fmt.Errorf("%d of 32 bytes in one read, %w", n, orNone(err))
	}
	c.got = append(c.got, b[:]...)
	return nil
}

// QEMU asks for many pieces without waiting. It never looks whether the stream is in step; we do, by a reply that is
// known behind them.
func QEMU(c *Client, conn net.Conn) error { return c.pieces(conn, 255, 4+c.mood.IntN(28)) }

// Ekeyd is four pieces of 128 bytes.
func Ekeyd(c *Client, conn net.Conn) error { return c.pieces(conn, 128, 4) }

func (c *Client) pieces(conn net.Conn, size byte, n int) error {
	r := Send(conn, append(bytes.Repeat([]byte{2, size}, n), 4)...)
	c.take(r, n*int(size))
	r.PID(c.PID)
	return r.Err
}

// take reads n bytes of output.
func (c *Client) take(r *Replies, n int) {
	b := make([]byte, n)
	if r.Random(b); r.Err == nil {
		c.got = append(c.got, b...)
	}
}

// OpenSSL asks for 255 bytes, and accepts nothing less.
func OpenSSL(c *Client, conn net.Conn) error {
	r := Send(conn, 1, 255)
	r.Length(255)
	c.take(r, 255)
	return r.Err
}

// OpenSSH asks for 48 bytes by waiting.
func OpenSSH(c *Client, conn net.Conn) error {
	r := Send(conn, 2, 48)
	c.take(r, 48)
	return r.Err
}

// LevelAndPID asks for both, one after the other.
func LevelAndPID(c *Client, conn net.Conn) error {
	r := Send(conn, 0)
	if r.Level(); r.Err != nil {
		return r.Err
	}
	return PID(c, conn)
}

// PID asks for nothing else: a guest before its driver is loaded.
func PID(c *Client, conn net.Conn) error {
	r := Send(conn, 4)
	r.PID(c.PID)
	return r.Err
}

// Gift writes what nobody credits.
func Gift(c *Client, conn net.Conn) error {
	gift := make([]byte, 1+c.mood.IntN(600))
	if err := egdproto.NewClient(conn).Write(8*len(gift), gift); err != nil {
		return err
	}
	return PID(c, conn)
}

// Pipe is printf into socat: it shuts its side before it reads.
func Pipe(c *Client, conn net.Conn) error {
	r := Send(conn, 2, 32, 1, 0)
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		return err
	}
	c.take(r, 32)
	r.Length(0)
	r.End()
	return r.Err
}

// Unknown is the test of EGD's own client: what came before the unknown command is answered, and then the connection
// is closed.
func Unknown(c *Client, conn net.Conn) error {
	r := Send(conn, 4, 0x93, 0x12)
	r.PID(c.PID)
	r.End()
	return r.Err
}

// Batch asks for everything there is, known replies and random ones in turn: a byte too many or too few anywhere
// shows in the next known one.
func Batch(c *Client, conn net.Conn) error {
	r := Send(conn, 2, 32, 4, // 32 random bytes, pid
		1, 255, 0, // length and 255 random bytes, level
		3, 0, 8, 2, 0xaa, 0xbb, // a gift
		2, 255, 2, 64, 4)
	c.take(r, 32)
	r.PID(c.PID)
	r.Length(255)
	c.take(r, 255)
	r.Level()
	c.take(r, 255+64)
	r.PID(c.PID)
	return r.Err
}
