//go:build linux

package upgrades

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

// odd is a connection that an upgrade finds in the middle of something.
type odd struct {
	name   string
	conn   net.Conn
	finish func() error
}

// manyReads is more than the socket and the daemon take together: their replies are 510,000 bytes.
var manyReads = bytes.Repeat([]byte{2, 255}, 2000)

func oddConnections(d *harness.Daemon) (list []odd, err error) {
	for name, begin := range map[string]func(*harness.Daemon, net.Conn) func() error{
		"a half-read request": halfRead, "unsent replies": unsent, "its own half closed": halfClosed, "nothing said yet": silent,
	} {
		conn, err := net.Dial("unix", d.Socket)
		if err != nil {
			return nil, err
		}
		conn.SetDeadline(time.Now().Add(harness.Patience))
		finish := begin(d, conn)
		list = append(list, odd{name, conn, func() error {
			if err := finish(); err != nil {
				return fmt.Errorf("connection with %s: %w", name, err)
			}
			return nil
		}})
	}
	admin, err := halfAsked(d)
	return append(list, admin), err
}

// halfAsked has sent the beginning of a request to the control socket.
func halfAsked(d *harness.Daemon) (odd, error) {
	const patience = 4 * time.Second // the daemon waits 5 s for a request
	conn, err := net.Dial("unix", d.Control)
	if err != nil {
		return odd{}, err
	}
	began := time.Now()
	if _, err := io.WriteString(conn, control.Status[:3]); err != nil {
		return odd{}, err
	}
	conn.SetDeadline(began.Add(harness.Patience))
	return odd{"half a request for the status", conn, func() error {
		if time.Since(began) > patience {
			return nil
		}
		r, err := control.Ask(rest{conn}, control.Status)
		if err == nil && r.PID != d.PID {
			err = fmt.Errorf("pid %d, expected %d", r.PID, d.PID)
		}
		return err
	}}, nil
}

// rest sends what follows the first three bytes of a request.
type rest struct{ net.Conn }

func (r rest) Write(b []byte) (int, error) {
	n, err := r.Conn.Write(b[3:])
	return n + 3, err
}

// halfRead has sent the beginning of a gift, the rest comes later.
func halfRead(d *harness.Daemon, conn net.Conn) func() error {
	first := harness.Send(conn, 4, 3, 0, 0, 4, 0xaa, 0xbb)
	return func() error {
		if first.Err != nil {
			return first.Err
		}
		r := harness.Send(conn, 0xcc, 0xdd, 4)
		r.PID(d.PID)
		r.PID(d.PID)
		return r.Err
	}
}

// unsent has asked for more than it has read: part of a reply is still to come.
func unsent(d *harness.Daemon, conn net.Conn) func() error {
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(append(bytes.Clone(manyReads), 4))
		written <- err
	}()
	r := &harness.Replies{R: conn}
	r.Discard(100) // it has begun
	return func() error {
		r.Discard(255*len(manyReads)/2 - 100)
		r.PID(d.PID)
		if err := <-written; r.Err == nil {
			r.Err = err
		}
		return r.Err
	}
}

// halfClosed will say nothing more, and waits for what it asked.
func halfClosed(d *harness.Daemon, conn net.Conn) func() error {
	const asked = 1500 // fits into the socket and the daemon's 4 KiB
	r := harness.Send(conn, append(bytes.Clone(manyReads[:2*asked]), 4)...)
	conn.(*net.UnixConn).CloseWrite()
	return func() error {
		r.Discard(255 * asked)
		r.PID(d.PID)
		r.End()
		return r.Err
	}
}

// silent has not said anything yet, as a guest without a driver.
func silent(d *harness.Daemon, conn net.Conn) func() error {
	return func() error {
		r := harness.Send(conn, 4)
		r.PID(d.PID)
		return r.Err
	}
}
