//go:build linux

package harness

import (
	"bytes"
	"context"
	"net"
	"time"
)

// Attackers: one turn each. They are dropped or not; what the others suffer is
// counted there.

// Slow begins a write of 255 bytes and sends one each second.
func Slow(c *Client, conn net.Conn) error {
	conn.SetDeadline(time.Time{})
	if _, err := conn.Write([]byte{4, 3, 0, 8, 255}); err != nil {
		return err
	}
	for c.sleep(time.Second) {
		if _, err := conn.Write([]byte{'x'}); err != nil {
			return err
		}
	}
	return nil
}

// Deaf asks for more than it will ever read, until it is dropped.
func Deaf(c *Client, conn net.Conn) error {
	conn.SetDeadline(time.Time{})
	defer context.AfterFunc(c.life, func() { conn.Close() })()
	for {
		if _, err := conn.Write(bytes.Repeat([]byte{2, 255, 1, 255}, 1000)); err != nil {
			return err
		}
	}
}

// Rude goes away in the middle of something.
func Rude(c *Client, conn net.Conn) error {
	half := [][]byte{
		{1},                           // half a request
		{3, 0, 8, 9, 1, 2},            // half a gift
		{3, 0, 8, 2, 0xaa, 0xbb},      // a whole one, as Heimdal does
		{2, 255, 1, 255, 0, 4},        // replies that it will not read
		{0x93},                        // nonsense
		bytes.Repeat([]byte{2, 9}, 9), // and read a little below
		nil,
	}[c.mood.IntN(7)]
	if _, err := conn.Write(half); err != nil {
		return err
	}
	if len(half) == 18 {
		conn.Read(make([]byte, 10))
	}
	return nil
}

// Storm connects ten times without a word.
func Storm(c *Client, _ net.Conn) error {
	for range 10 {
		if conn, err := c.dial(); err == nil {
			conn.Close()
		}
	}
	return nil
}
