//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"

	"prngd/egdproto"
)

// Well-behaved clients: one turn each, and what is wrong with what they get.

// tlsmgr takes its 32 bytes as Postfix does: a length byte, and then all the
// others in one read, or it gives up.
func (c *client) tlsmgr(conn net.Conn) error {
	if _, err := conn.Write([]byte{1, 32}); err != nil {
		return err
	}
	var b [32]byte
	if err := expect(conn, "the length", []byte{32}); err != nil {
		return err
	}
	if n, err := conn.Read(b[:]); n != len(b) {
		return fmt.Errorf("%d of 32 bytes in one read, %w", n, wrong(err))
	}
	c.got = append(c.got, b[:]...)
	return nil
}

// qemu asks for many pieces without waiting. It never looks whether the stream
// is in step; we do, by a reply that is known behind them.
func (c *client) qemu(conn net.Conn) error { return c.pieces(conn, 255, 4+c.mood.IntN(28)) }

// ekeyd is four pieces of 128 bytes.
func (c *client) ekeyd(conn net.Conn) error { return c.pieces(conn, 128, 4) }

func (c *client) pieces(conn net.Conn, size byte, n int) error {
	if _, err := conn.Write(append(bytes.Repeat([]byte{2, size}, n), 4)); err != nil {
		return err
	}
	if err := c.take(conn, n*int(size)); err != nil {
		return err
	}
	return c.expectPID(conn)
}

// openssl asks for 255 bytes, and accepts nothing less.
func (c *client) openssl(conn net.Conn) error {
	if _, err := conn.Write([]byte{1, 255}); err != nil {
		return err
	}
	if err := expect(conn, "the length", []byte{255}); err != nil {
		return err
	}
	return c.take(conn, 255)
}

// openssh asks for 48 bytes by waiting.
func (c *client) openssh(conn net.Conn) error {
	if _, err := conn.Write([]byte{2, 48}); err != nil {
		return err
	}
	return c.take(conn, 48)
}

// asker wants level and pid.
func (c *client) asker(conn net.Conn) error {
	level, err := egdproto.NewClient(conn).Level()
	if err == nil && level != egdproto.Level {
		err = fmt.Errorf("level %d, expected %d", level, egdproto.Level)
	}
	if err != nil {
		return err
	}
	return c.pid(conn)
}

func (c *client) pid(conn net.Conn) error {
	if _, err := conn.Write([]byte{4}); err != nil {
		return err
	}
	return c.expectPID(conn)
}

// giver claims what nobody believes.
func (c *client) giver(conn net.Conn) error {
	gift := make([]byte, 1+c.mood.IntN(600))
	if err := egdproto.NewClient(conn).Write(8*len(gift), gift); err != nil {
		return err
	}
	return c.pid(conn)
}

// pipe is printf into socat: it shuts its side before it reads.
func (c *client) pipe(conn net.Conn) error {
	if _, err := conn.Write([]byte{2, 32, 1, 0}); err != nil {
		return err
	}
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		return err
	}
	if err := c.take(conn, 32); err != nil {
		return err
	}
	if err := expect(conn, "no bytes", []byte{0}); err != nil {
		return err
	}
	return expectEnd(conn)
}

// bogus is the test of EGD's own client: what came before the unknown command is
// answered, and then the connection is closed.
func (c *client) bogus(conn net.Conn) error {
	if _, err := conn.Write([]byte{4, 0x93, 0x12}); err != nil {
		return err
	}
	if err := c.expectPID(conn); err != nil {
		return err
	}
	return expectEnd(conn)
}

// take reads n bytes of output.
func (c *client) take(conn net.Conn, n int) error {
	b := make([]byte, n)
	if got, err := io.ReadFull(conn, b); err != nil {
		return fmt.Errorf("%d of %d bytes: %w", got, n, err)
	}
	c.got = append(c.got, b...)
	return nil
}

func (c *client) expectPID(conn net.Conn) error {
	text := strconv.Itoa(c.daemon.options.pid)
	return expect(conn, "the pid", append([]byte{byte(len(text))}, text...))
}

func expect(conn net.Conn, what string, want []byte) error {
	got := make([]byte, len(want))
	if n, err := io.ReadFull(conn, got); err != nil {
		return fmt.Errorf("waiting for %s: %d bytes, %w", what, n, err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%x, expected %s, %x", got, what, want)
	}
	return nil
}

// expectEnd wants nothing more. A reset is an end too: the daemon has not read
// what came behind an unknown command.
func expectEnd(conn net.Conn) error {
	n, err := conn.Read(make([]byte, 1))
	if n == 0 && (err == io.EOF || errors.Is(err, syscall.ECONNRESET)) {
		return nil
	}
	return fmt.Errorf("%d bytes and %w, expected the end", n, wrong(err))
}

var errNone = errors.New("no error")

// wrong is err, or says that there was none.
func wrong(err error) error {
	if err == nil {
		return errNone
	}
	return err
}
