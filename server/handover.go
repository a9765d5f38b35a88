package server

import (
	"errors"
	"fmt"
	"time"
)

// Connection is one accepted connection as it is handed to another process. It
// never holds a random byte: what a client has not taken yet is made afresh. Nor
// does it hold the literal bytes of a partly sent reply to 00 or 04: the pid stays,
// and the two levels, 00000000 and 00002000, differ in the third byte alone, so
// that whatever the gate does in between the client reads one or the other.
type Connection struct {
	FD      int
	Queue   []byte // requests not answered in full, and the beginning of one
	Skip    uint16 // bytes sent of the reply to the first of them
	Expired uint16 // bytes of Queue in which command 1 has waited long enough

	// Ages at the handover; -1: not set.
	Begun, Blocked, Stuck time.Duration

	Completed, Believed, EOF bool

	UID, GID, PID int           // of a Unix peer; -1: unknown
	Addr          string        // of a TCP peer, without port; else ""
	Age           time.Duration // since it was accepted
}

// inheritable is how old a connection may look that is inherited: instants are
// positive, so the server's clock starts that long ago.
const inheritable = time.Hour

func (t instant) age(now instant) time.Duration {
	if t == 0 {
		return -1
	}
	return max(0, time.Duration(now-t))
}

// ago is when something was that has this age now.
func (t instant) ago(age time.Duration) instant {
	if age < 0 {
		return 0
	}
	return max(1, t-instant(age))
}

// save returns c as it stands.
func (c *link) save(fd int, now instant) Connection {
	s := &c.session
	saved := Connection{
		FD: fd, Queue: append([]byte(nil), s.queue.bytes()...), Skip: s.skip, Expired: s.expired,
		Begun: s.begun.age(now), Blocked: s.blocked.age(now), Stuck: s.stuck.age(now),
		Completed: s.completed, Believed: s.believed, EOF: s.eof,
		UID: c.peer.cred.UID, GID: c.peer.cred.GID, PID: c.peer.cred.PID, Addr: c.peer.addr,
	}
	if c.place != nil {
		saved.Age = c.place.since.age(now)
	}
	return saved
}

// load makes c what was saved.
func (c *link) load(saved *Connection, now instant) {
	s := &c.session
	s.queue.append(saved.Queue, s.svc)
	s.skip, s.expired = saved.Skip, saved.Expired
	s.begun, s.blocked, s.stuck = now.ago(saved.Begun), now.ago(saved.Blocked), now.ago(saved.Stuck)
	s.completed, s.believed, s.eof = saved.Completed, saved.Believed, saved.EOF
	c.peer.cred.UID, c.peer.cred.GID, c.peer.cred.PID = saved.UID, saved.GID, saved.PID
	c.peer.addr = saved.Addr
	c.spoke = saved.Completed
}

// check finds what cannot have been saved.
func (c *Connection) check() error {
	if len(c.Queue) > queueBytes || int(c.Expired) > len(c.Queue) {
		return fmt.Errorf("inheriting descriptor %d: %d bytes queued, %d of them expired", c.FD, len(c.Queue), c.Expired)
	}
	return nil
}

var (
	errNotServing = errors.New("the server does not serve")
	errParked     = errors.New("the server is parked already")
)
