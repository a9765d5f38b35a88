package server

import (
	"errors"
	"fmt"
	"time"

	"prngd/egdproto"
	"prngd/internal/prng"
)

// handing is what a Server keeps for handing over its connections, under mu.
type handing struct {
	inherited []Connection // for the driver to take over
	parking   *parking     // between Park and Resume
}

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
		Completed: s.completed, EOF: s.eof,
		UID: c.peer.cred.UID, GID: c.peer.cred.GID, PID: c.peer.cred.PID, Addr: c.peer.addr, Port: c.peer.port,
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
	s.completed, s.eof = saved.Completed, saved.EOF
	c.peer.cred.UID, c.peer.cred.GID, c.peer.cred.PID = saved.UID, saved.GID, saved.PID
	c.peer.addr, c.peer.port = saved.Addr, saved.Port
	s.cred, s.known = c.peer.cred, saved.Addr == ""
	c.spoke = saved.Completed
}

// check finds what cannot have been saved.
func (c *Connection) check(svc *service) error {
	if len(c.Queue) > queueBytes || int(c.Expired) > len(c.Queue) {
		return fmt.Errorf("inheriting descriptor %d: %d bytes queued, %d of them expired", c.FD, len(c.Queue), c.Expired)
	}
	if size := c.firstReply(svc); c.Skip > 0 && int(c.Skip) >= size {
		return fmt.Errorf("inheriting descriptor %d: %d bytes sent of a reply of %d", c.FD, c.Skip, size)
	}
	return nil
}

// firstReply returns how long the reply to the first request is in all.
func (c *Connection) firstReply(svc *service) int {
	s := session{svc: svc, gate: gate{state: prng.Seeded}}
	q, n, err := egdproto.Parse(c.Queue)
	if err != nil {
		return 0
	}
	a, _ := s.whole(q, 0, n)
	return a.size()
}

var (
	errNotServing = errors.New("the server does not serve")
	errParked     = errors.New("the server is parked already")
)

// inherit gives p a place whatever the limits are: nobody is closed for them.
func (l *limits) inherit(p payer, since instant, spoke bool) *place {
	got := l.add(p, since)
	if spoke {
		l.spoke(got)
	}
	return got
}
