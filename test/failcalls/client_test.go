//go:build linux

package failcalls

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"prngd/test/harness"
)

// verdict is what a client saw.
type verdict string

const (
	answered verdict = "all answered"
	dropped  verdict = "closed early"
	noEnd    verdict = "all answered, not closed"
	hung     verdict = "hangs"
)

const (
	// patience is when a client that got no answer counts as hung: far more than a busy machine takes.
	patience = time.Minute
	// forEnd is how long a connection that the daemon has to close may stay open.
	forEnd = 10 * time.Second
	// slowly is how long the client at hand reads nothing of its many replies: the daemon has filled the socket by
	// then. If not, it makes a call or two less.
	slowly = 20 * time.Millisecond
)

// exchange is the life of one client that makes the daemon do everything: a single request, a request in two pieces,
// more replies than are read for a while, and its own half closed before the last answer.
func (d *daemon) exchange(when string, pause time.Duration) verdict {
	network, address := "unix", d.Socket
	switch when {
	case "tcp":
		network, address = "tcp", d.TCP
	case "new":
		address = d.newest()
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		return verdict(err.Error())
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	one := harness.Send(conn, 4)
	one.PID(d.PID)
	half := harness.HalfRead(conn, d.PID)()
	many := harness.Unsent(conn, d.PID)
	time.Sleep(pause)
	err = errors.Join(one.Err, half, many(), d.halfClose(conn))
	switch {
	case errors.Is(err, errNoEnd):
		return noEnd
	case errors.Is(err, os.ErrDeadlineExceeded):
		return hung
	case err != nil:
		return dropped
	}
	return answered
}

var errNoEnd = errors.New("the daemon does not close")

func (d *daemon) halfClose(conn net.Conn) error {
	r := harness.Send(conn, 4)
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	if r.PID(d.PID); r.Err != nil {
		return r.Err
	}
	conn.SetReadDeadline(time.Now().Add(forEnd))
	more, err := io.ReadAll(conn)
	switch {
	case len(more) > 0:
		return errors.New("bytes after the last reply")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errNoEnd
	}
	return err
}

// check asks on every old connection and on two new ones.
func (d *daemon) check() error {
	for _, c := range d.others {
		c.SetDeadline(time.Now().Add(patience))
		r := harness.Send(c, 0, 4)
		r.Level()
		if r.PID(d.PID); r.Err != nil {
			return fmt.Errorf("an older client over %s: %w", c.RemoteAddr().Network(), r.Err)
		}
	}
	for _, when := range []string{"unix", "tcp"} {
		if v := d.exchange(when, 0); v != answered {
			return fmt.Errorf("the next client over %s: %s", when, v)
		}
	}
	return nil
}
