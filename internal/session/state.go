package session

import (
	"fmt"
	"time"

	"prngd/egdproto"
	"prngd/internal/prng"
)

// State is a session as it is handed to another process. It never holds a random
// byte: what a peer has not taken yet is made afresh. Nor does it hold the literal
// bytes of a partly sent reply to 00 or 04: the pid stays, and the two levels,
// 00000000 and 00002000, differ in the third byte alone, so that the client reads
// one or the other, also if the generator is seeded in between.
type State struct {
	Queue   []byte // requests not answered in full, and the beginning of one
	Skip    uint16 // bytes sent of the reply to the first of them
	Expired uint16 // bytes of Queue in which command 1 has waited long enough

	// Ages at the handover; -1: not set.
	Begun, Blocked, Stuck time.Duration

	Completed, EOF bool
}

// Save returns s as it stands. The State has a copy of the queue.
func (s *Session) Save(now Instant) State {
	return State{
		Queue: append([]byte(nil), s.queue.bytes()...), Skip: s.skip, Expired: s.expired,
		Begun: s.begun.Age(now), Blocked: s.blocked.Age(now), Stuck: s.stuck.Age(now),
		Completed: s.completed, EOF: s.eof,
	}
}

// Load makes a new session what was saved. The State must have passed Check.
func (s *Session) Load(saved *State, now Instant) {
	s.queue.append(saved.Queue, &s.service.spare)
	s.skip, s.expired = saved.Skip, saved.Expired
	s.begun, s.blocked, s.stuck = now.Ago(saved.Begun), now.Ago(saved.Blocked), now.Ago(saved.Stuck)
	s.completed, s.eof = saved.Completed, saved.EOF
}

// Check returns an error for a State that no session can have been in.
func (saved *State) Check(v *Service) error {
	if len(saved.Queue) > QueueBytes || int(saved.Expired) > len(saved.Queue) {
		return fmt.Errorf("%d bytes queued, %d of them expired, expected at most %d", len(saved.Queue), saved.Expired, QueueBytes)
	}
	if size := saved.firstReply(v); saved.Skip > 0 && int(saved.Skip) >= size {
		return fmt.Errorf("%d bytes sent of a reply of %d", saved.Skip, size)
	}
	return nil
}

// firstReply returns how long the reply to the first request is in all.
func (saved *State) firstReply(v *Service) int {
	s := Session{service: v, gate: Gate{State: prng.Seeded}}
	q, n, err := egdproto.Parse(saved.Queue)
	if err != nil {
		return 0
	}
	r, _ := s.wholeReply(q, 0, n)
	return r.size()
}
