package process

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
	"prngd/internal/peercred"
)

// KillTimeout is how long PRNGD's -k waits for a daemon: to answer, and then
// to end.
const KillTimeout = 10 * time.Second

// victim is a daemon that told its pid over a connection which is still open.
type victim struct {
	address egdproto.Address
	conn    net.Conn
	pid     int
	handle  *handle // of the very process that was verified
}

// Kill asks the daemon at each address for its pid, sends SIGTERM to it and
// waits until it is gone. It returns the pids that are gone; the error joins
// one line for each address where that failed. "Killing: PID" goes to w, as
// PRNGD says it. limit bounds every answer, and the wait for all their ends.
//
// All are asked before the first is signalled, since several addresses are
// often one daemon. Only a process is signalled that the kernel says the peer is,
// see vouched. The end is seen as EOF on the connection that gave the
// pid: a second connection would start a socket-activated daemon again.
func Kill(w io.Writer, limit time.Duration, addresses []egdproto.Address) (gone []int, err error) {
	var victims []victim
	var errs []error
	for _, address := range addresses {
		v, err := identify(address, limit)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		defer v.conn.Close()
		victims = append(victims, v)
	}
	victims, refused := terminate(w, victims)
	errs = append(errs, refused...)
	deadline := time.Now().Add(limit)
	for _, v := range victims {
		if err := v.awaitEnd(deadline, limit); err != nil {
			errs = append(errs, err)
		} else if !slices.Contains(gone, v.pid) {
			gone = append(gone, v.pid)
		}
	}
	return gone, errors.Join(errs...)
}

// identify connects to address and returns the pid there, if it can be trusted.
func identify(address egdproto.Address, limit time.Duration) (victim, error) {
	if address.Network == "tcp" && !address.Loopback() {
		return victim{}, fmt.Errorf("killing the daemon at %s: expected a path or tcp/localhost:PORT, another host's pids mean nothing here", address)
	}
	deadline := time.Now().Add(limit)
	dialer := net.Dialer{Deadline: deadline}
	network, place := address.Dial() // go vet of 1.26 panics on Dial(address.Dial())
	conn, err := dialer.Dial(network, place)
	if err != nil {
		return victim{}, fmt.Errorf("killing the daemon at %s: %w", address, err)
	}
	conn.SetDeadline(deadline)
	v := victim{address: address, conn: conn}
	if v.pid, err = askPID(conn); err == nil {
		v.handle, err = vouched(conn, v.pid)
	}
	if err != nil {
		conn.Close()
		return victim{}, fmt.Errorf("killing the daemon at %s: %w", address, err)
	}
	return v, nil
}

// askPID returns the pid that the peer says it has, where that can be a process.
// Some answer 0 or -1, which would signal our own group or every process; ours
// behind a container's wall answers 2147483647 for its pid 1.
func askPID(conn net.Conn) (int, error) {
	text, err := egdproto.NewClient(conn).PID()
	if err != nil {
		return 0, fmt.Errorf("asking for its pid: %w", peercred.WithoutName(err))
	}
	pid, err := strconv.Atoi(text)
	if err != nil || pid <= 1 || pid >= math.MaxInt32 {
		return 0, fmt.Errorf("it says it is pid %s, expected one from 2 to %d: not signalled", text, math.MaxInt32-1)
	}
	return pid, nil
}

// terminate sends one SIGTERM to every pid and returns those that it reached.
func terminate(w io.Writer, victims []victim) (signalled []victim, errs []error) {
	sent := map[int]error{}
	for _, v := range victims {
		defer v.handle.Close()
		err, done := sent[v.pid]
		if !done {
			fmt.Fprintf(w, "Killing: %d\n", v.pid)
			err = v.handle.Signal(unix.SIGTERM)
			sent[v.pid] = err
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("killing the daemon at %s: signalling pid %d: %w", v.address, v.pid, err))
			continue
		}
		signalled = append(signalled, v)
	}
	return signalled, errs
}

// awaitEnd returns when the other end of the connection is closed.
func (v victim) awaitEnd(deadline time.Time, limit time.Duration) error {
	v.conn.SetDeadline(deadline)
	_, err := io.Copy(io.Discard, v.conn)
	switch {
	case err == nil, errors.Is(err, syscall.ECONNRESET):
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("killing the daemon at %s: pid %d still there %s after SIGTERM", v.address, v.pid, limit)
	}
	return fmt.Errorf("killing the daemon at %s: waiting for the end of pid %d: %w", v.address, v.pid, peercred.WithoutName(err))
}
