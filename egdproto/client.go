package egdproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Client asks a daemon over a stream. One question is under way at a time, so
// a Client is not safe for concurrent use. Deadlines are the caller's to set.
// After an error the stream is out of step and of no further use. A daemon
// that closes instead of answering gives io.ErrUnexpectedEOF.
type Client struct {
	rw  io.ReadWriter
	buf [MaxRequest]byte
}

// NewClient returns a client that speaks over rw.
func NewClient(rw io.ReadWriter) *Client { return &Client{rw: rw} }

// Level asks how many bits of entropy the daemon says it holds.
func (c *Client) Level() (int, error) {
	if err := c.send(Request{Command: Count}); err != nil {
		return 0, err
	}
	if _, err := c.receive(c.buf[:4]); err != nil {
		return 0, err
	}
	bits := binary.BigEndian.Uint32(c.buf[:4])
	if bits > math.MaxInt32 {
		return 0, fmt.Errorf("reading EGD reply: level %#x, expected at most 0x7fffffff", bits)
	}
	return int(bits), nil
}

// ReadSome reads what the daemon gives at once, with command 1, and returns
// how many bytes of p came from it, also with an error. A long p is filled by
// several requests; the first short reply ends it, without an error.
func (c *Client) ReadSome(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		want := min(len(p)-done, MaxRead)
		got, err := c.readSome(p[done : done+want])
		done += got
		if err != nil || got < want {
			return done, err
		}
	}
	return done, nil
}

func (c *Client) readSome(p []byte) (int, error) {
	if err := c.send(Request{Command: ReadSome, N: byte(len(p))}); err != nil {
		return 0, err
	}
	if _, err := c.receive(c.buf[:1]); err != nil {
		return 0, err
	}
	got := int(c.buf[0])
	if got > len(p) {
		return 0, fmt.Errorf("reading EGD reply: %d bytes announced, asked for %d", got, len(p))
	}
	return c.receive(p[:got])
}

// Read fills p with command 2, which waits until the daemon is seeded, or returns
// an error and how many bytes of p came before it.
func (c *Client) Read(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		want := min(len(p)-done, MaxRead)
		if err := c.send(Request{Command: ReadAll, N: byte(want)}); err != nil {
			return done, err
		}
		got, err := c.receive(p[done : done+want])
		done += got
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// Write gives data to the daemon and claims bits of entropy for all of it
// together. Each request claims its share, and never more than the 65535 that
// fit. There is no reply: nil means sent, not credited. No data, no request:
// an empty write wedges ekeyd and PRNGD.
func (c *Client) Write(bits int, data []byte) error {
	if bits < 0 {
		return fmt.Errorf("writing EGD request: %d bits, expected 0 or more", bits)
	}
	left := bits
	for len(data) > 0 {
		n := min(len(data), MaxRead)
		share := int(float64(left) * float64(n) / float64(len(data)))
		err := c.send(Request{Command: Write, Bits: uint16(min(share, math.MaxUint16)), Data: data[:n]})
		if err != nil {
			return err
		}
		left, data = left-share, data[n:]
	}
	return nil
}

// PID asks for the daemon's process id and returns the text without the
// blanks of PRNGD and the zero byte of others. It is a decimal number, and
// whether it can be true is for the caller to judge: ekeyd says -1, others 0.
func (c *Client) PID() (string, error) {
	if err := c.send(Request{Command: PID}); err != nil {
		return "", err
	}
	if _, err := c.receive(c.buf[:1]); err != nil {
		return "", err
	}
	text := c.buf[1 : 1+int(c.buf[0])]
	if _, err := c.receive(text); err != nil {
		return "", err
	}
	pid := strings.Trim(string(text), " \x00")
	digits := strings.TrimPrefix(pid, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", fmt.Errorf("reading EGD reply: pid %q, expected a decimal number", text)
	}
	return pid, nil
}

func (c *Client) send(q Request) error {
	if _, err := c.rw.Write(q.Append(c.buf[:0])); err != nil {
		return fmt.Errorf("writing EGD request: %w", err)
	}
	return nil
}

// receive fills p and returns how many bytes came.
func (c *Client) receive(p []byte) (int, error) {
	n, err := io.ReadFull(c.rw, p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // each byte read here was owed to us
	}
	if err != nil {
		return n, fmt.Errorf("reading EGD reply: %w", err)
	}
	return n, nil
}
