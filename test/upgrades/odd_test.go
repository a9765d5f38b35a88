//go:build linux

package upgrades

import (
	"fmt"
	"io"
	"net"
	"time"

	"prngd/internal/control"
	"prngd/test/harness"
)

// oddConnections are in the middle of something. Each, by its name, goes on when it is called, says what was wrong, and
// ends.
func oddConnections(d *harness.Daemon) map[string]func() error {
	odd := map[string]func() error{"half a request for the status": halfAsked(d)}
	for name, begin := range map[string]func(net.Conn, int) func() error{
		"a half-read request": harness.HalfRead, "unsent replies": harness.Unsent, "its own half closed": halfClosed, "nothing said yet": silent,
	} {
		conn := d.Dial("unix")
		finish := begin(conn, d.PID)
		odd[name] = func() error {
			defer conn.Close()
			return finish()
		}
	}
	return odd
}

// halfAsked has sent the beginning of a request to the control socket.
func halfAsked(d *harness.Daemon) func() error {
	const patience = 4 * time.Second // the daemon waits 5 s for a request
	conn, err := net.Dial("unix", d.Control)
	if err != nil {
		d.Fatalf("%v", err)
	}
	began := time.Now()
	conn.SetDeadline(began.Add(harness.Patience))
	_, err = io.WriteString(conn, control.Status[:3])
	return func() error {
		defer conn.Close()
		if err != nil || time.Since(began) > patience {
			return err
		}
		r, err := control.Ask(conn, control.Status[3:])
		if err == nil && r.PID != d.PID {
			err = fmt.Errorf("the status has pid %d, expected %d", r.PID, d.PID)
		}
		return err
	}
}

// halfClosed will say nothing more, and waits for what it asked.
func halfClosed(conn net.Conn, pid int) func() error {
	const asked = 1500 // fits into the socket and the daemon's 4 KiB
	r := harness.Send(conn, append(harness.ManyReads()[:2*asked], 4)...)
	conn.(*net.UnixConn).CloseWrite()
	return func() error {
		r.Discard(255 * asked)
		r.PID(pid)
		r.End()
		return r.Err
	}
}

// silent has not said anything yet, as a guest without a driver.
func silent(conn net.Conn, pid int) func() error {
	return func() error {
		r := harness.Send(conn, 4)
		r.PID(pid)
		return r.Err
	}
}
