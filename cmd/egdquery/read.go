package main

import (
	"fmt"
	"io"
	"math"
	"net"
	"time"

	"prngd/egdproto"
	"prngd/internal/control"
)

// read prints what the daemon gives at once, by command 1.
func read(c *call) error {
	if c.fresh {
		return readFresh(c)
	}
	return readBy(c, defaultLimit, func(d *daemon) func([]byte) (int, error) { return d.client.ReadSome })
}

// readBlocking prints all it was asked for, by command 2: a daemon may take as
// long as it likes until it is seeded.
func readBlocking(c *call) error {
	return readBy(c, noLimit, func(d *daemon) func([]byte) (int, error) { return d.client.Read })
}

const noLimit = 0

func readBy(c *call, limit time.Duration, fill func(*daemon) func([]byte) (int, error)) error {
	n, err := parseCount(c.args[0], math.MaxInt64)
	if err != nil {
		return err
	}
	out, err := c.encoder()
	if err != nil {
		return err
	}
	d, err := c.connect(limit)
	if err != nil {
		return err
	}
	defer d.conn.Close()
	return d.copyTo(c, out, n, fill(d))
}

// readFresh prints bytes that the daemon makes after a reseed which this request
// causes, from its control socket.
func readFresh(c *call) error {
	n, err := parseCount(c.args[0], control.MaxFresh)
	if err != nil {
		return err
	}
	out, err := c.encoder()
	if err != nil || n == 0 {
		return err
	}
	var data []byte
	defer func() { clear(data) }()
	err = c.withDaemon("read --fresh", func(conn net.Conn) (err error) {
		data, err = control.AskFresh(conn, int(n))
		return err
	})
	if err != nil {
		return err
	}
	if _, err := out.Write(data); err != nil {
		return outputError(err)
	}
	return outputError(out.Close())
}

func parseCount(s string, most uint64) (int64, error) {
	n, ok := parseNumber(s, most)
	if ok {
		return int64(n), nil
	}
	if most == math.MaxInt64 {
		return 0, usageError("%q: expected a number of bytes from 0 to 2^63-1", s)
	}
	return 0, usageError("%q: expected a number of bytes from 0 to %d", s, most)
}

// copyTo copies n bytes from fill to out as they come. What came before an error
// is written, and nothing else.
func (d *daemon) copyTo(c *call, out io.WriteCloser, n int64, fill func([]byte) (int, error)) error {
	bar := startProgress(c.stdout, c.stderr, n)
	done, err := copyBytes(out, n, fill, bar)
	bar.stop()
	if closed := out.Close(); err == nil && closed != nil {
		err = outputError(closed)
	}
	switch {
	case err != nil:
		return d.talkError(err)
	case done < n:
		return &exitError{exitTempFail, fmt.Errorf("%s: got %d of %d bytes, the daemon has no more now", d.address, done, n)}
	}
	return nil
}

// copyBytes stops at n bytes, at an error, or when fill gives less than asked.
func copyBytes(out io.Writer, n int64, fill func([]byte) (int, error), bar *progress) (done int64, err error) {
	buf := make([]byte, 64*egdproto.MaxRead)
	defer clear(buf)
	for done < n {
		want := min(n-done, int64(len(buf)))
		got, err := fill(buf[:want])
		if _, failed := out.Write(buf[:got]); failed != nil {
			return done, outputError(failed)
		}
		done += int64(got)
		bar.done.Store(done)
		if err != nil || int64(got) < want {
			return done, err
		}
	}
	return done, nil
}
