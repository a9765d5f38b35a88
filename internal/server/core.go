package server

import (
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"prngd/internal/credit"
	"prngd/internal/listen"
	"prngd/internal/peercred"
	"prngd/internal/prng"
	"prngd/internal/session"
)

// driver joins sockets to sessions: an event loop on Linux, a goroutine for each
// connection elsewhere.
type driver interface {
	serve(*listen.Listener)                // accepts connections until it is closed
	recheck()                              // has waiting sessions and peers look at state and limits again
	eachConn(func(*connBase, forceCloser)) // calls it for every connection
	trim()                                 // gives back memory of a peak
	call(func()) bool                      // runs it in the event loop, if there is one; false: it has ended
	stop()                                 // answers what is complete, closes all, in less than a second
}

// core is what the drivers of a server share.
type core struct {
	generator *prng.Generator
	clients   *prng.Source // of what they write
	sessions  *session.Service
	admission *admission
	log       *asyncLog
	forget    func(*listen.Listener) // is told of a listener that was closed
	start     time.Time              // of the clock
	config    atomic.Pointer[Config]
}

// sendBuffer bounds what a socket keeps of replies that its peer does not read.
// Linux doubles it, to 64 KiB with all that belongs to them. Without it a Unix
// socket was seen to keep 195,840 bytes, and TCP grows to megabytes: thousands
// of peers that do not read would fill the memory of a small machine, or the
// daemon's cgroup.
const sendBuffer = 32 << 10

// stopTime bounds what connections still get to send when Serve ends.
const stopTime = 500 * time.Millisecond

// retryTime is when a connection is tried again for which the kernel was short of
// memory or of something else that is given back.
const retryTime = 20 * time.Millisecond

// Accept errors are waited out, longer each time.
const (
	firstBackoff = 10 * time.Millisecond
	lastBackoff  = time.Second
)

// gate returns the state of the generator and what it means for command 1.
func (c *core) gate() session.Gate {
	return session.GateOf(c.generator.State(), c.config.Load().UnseededWait)
}

// mix is the sessions'.
func (c *core) mix(peer peercred.Cred, data []byte, bits int) (credited int) {
	source := c.clients
	if alone := c.config.Load().Alone; bits > 0 && alone != nil && alone(peer) {
		source = c.generator.Source(credit.Client(true))
	}
	return source.Add(data, bits)
}

func (c *core) now() session.Instant { return session.Instant(time.Since(c.start)) + 1 }

// timeOf converts t for the deadline of a socket.
func (c *core) timeOf(t session.Instant) time.Time {
	if t == session.Never {
		return time.Time{}
	}
	return c.start.Add(time.Duration(t - 1))
}

// noteStep tells admission and log what the last step of the session brought.
func (c *core) noteStep(conn *connBase, now session.Instant) {
	if conn.session.Completed() && !conn.completed {
		c.admission.commandReceived(conn)
	}
	if conn.session.WaitsLong(now) {
		c.log.clientsWait(conn.session.Gate().State)
	}
}

// leave counts how a connection ended and gives its slot back.
func (c *core) leave(conn *connBase) {
	if conn.session.Abandon() == session.UnknownCommand {
		c.log.unknownCommand(conn.peer, c.now())
	}
	c.admission.release(conn)
}

// acceptFailed notes that no connection can be accepted at l for now.
func (c *core) acceptFailed(l *listen.Listener, err error) {
	l.NoteAccept(err)
	c.admission.acceptErrors.Add(1)
	c.log.acceptError(err, c.now())
}

// scarce reports whether err says that the kernel was short of something that others
// give back: then it is tried again later.
func scarce(err error) bool {
	return errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.ENOMEM)
}
