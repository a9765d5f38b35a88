// Package session is one connection of an EGD server as a pure state machine: bytes
// in, bytes out, told the time and the generator's state, with no socket, goroutine
// or clock of its own.
package session

import (
	"errors"
	"time"

	"prngd/egdproto"
	"prngd/internal/peercred"
	"prngd/internal/prng"
)

const (
	// requestTime is for the whole of a begun request; a client that works does not pause inside one.
	requestTime = 30 * time.Second
	// writeTime is for a peer to take at least one byte of what it asked for.
	writeTime = 30 * time.Second
	// longWait is when a client that waits for a seed is worth a warning.
	longWait = 10 * time.Second
	// StepBytes bounds the replies of one step, random or not, and so the share
	// of one connection in one Generate. A client with 64 reads of 255 bytes
	// under way got 147 MB/s with 16 KiB, 245 with 8 and 219 with 4: it takes the
	// first half in while the second is made.
	StepBytes = 8 << 10
)

// Session is one connection. A driver repeats three steps:
//
//	want := s.Take(in, gate, now) // at most Room() bytes of input
//	reply := s.Reply(dst, random) // want fresh random bytes
//	s.Sent(n, now)                // how many bytes of reply the peer took
//
// All sessions found ready can Take first, share one Generate, and Reply with
// disjoint pieces. Reply may be left out when Owes() is 0.
//
// A request stays in the queue until its reply is sent in full. So a session
// never holds a random byte: what a peer did not take yet is made afresh, the
// first skip bytes left out. And its whole state is the few fields up to ended.
//
// Call Init first. A Session must not be copied.
type Session struct {
	queue   queue   // requests not yet answered in full, and the beginning of one
	begun   Instant // when an incomplete request came to the front of the queue
	blocked Instant // when the first unanswered read met a generator that is not seeded
	stuck   Instant // since when the peer has taken nothing
	expired uint16  // bytes of the queue in which command 1 has waited long enough
	skip    uint16  // bytes sent of the reply to the request at the front

	cred      peercred.Cred // of a Unix peer, if known
	known     bool          // cred is
	completed bool          // the peer has sent a whole command
	bounded   bool          // the blocked read is a command 1
	eof       bool
	ended     Ending

	more    bool   // Take left complete requests for another step
	step    uint16 // bytes of the queue that this step answers
	owed    uint16 // bytes this step has to send
	gate    Gate   // as of the last Take
	service *Service
	tally   *Tally // the driver's: it publishes
}

// Init makes s a new session of v, which counts in the driver's tally.
func (s *Session) Init(v *Service, tally *Tally) { s.service, s.tally = v, tally }

// SetPeer sets the credentials by which each of the peer's writes is judged.
// Without them no write counts.
func (s *Session) SetPeer(cred peercred.Cred) { s.cred, s.known = cred, true }

// Take adds input, decides which requests this step answers, and returns how
// many random bytes that takes.
func (s *Session) Take(in []byte, g Gate, now Instant) (want int) {
	s.queue.append(in, &s.service.spare)
	s.gate, s.step, s.owed, s.more = g, 0, 0, false
	if g.State == prng.Seeded {
		s.blocked = 0
	}
	for s.ended == Alive {
		if r, ok := s.readAt(int(s.step)); ok {
			if int(s.owed)+r.size() > StepBytes {
				s.more = true
				break
			}
			want += r.random
			s.owed += uint16(r.size())
			s.step += readBytes
			continue
		}
		q, n, err := egdproto.Parse(s.queue.bytes()[s.step:])
		if err != nil {
			break // incomplete or unknown: settle decides when it is at the front
		}
		s.completed = true
		next, ok := s.replyTo(q, int(s.step), n)
		if !ok {
			if s.wait(q, now) {
				continue // long enough: ask again, the answer is now 00
			}
			break
		}
		if int(s.owed)+next.size() > StepBytes {
			s.more = true
			break
		}
		want += next.random
		s.owed += uint16(next.size())
		s.step += uint16(n)
		if q.Command == egdproto.Write && g.State != prng.Seeded && s.creditsWrites() {
			s.more = true // it may seed the generator for what follows
			break
		}
	}
	s.completed = s.completed || s.step > 0
	return want
}

// wait notes that q waits for a seed. It returns true when that was long
// enough: then every command 1 received so far is answered 00 together.
func (s *Session) wait(q egdproto.Request, now Instant) bool {
	if s.blocked == 0 {
		s.blocked = now
	}
	s.bounded = q.Command == egdproto.ReadSome && !s.partlySent(int(s.step))
	if !s.bounded || now < s.blocked.After(s.gate.Wait) {
		return false
	}
	s.expired, s.blocked = uint16(len(s.queue.bytes())), 0
	return true
}

// Reply appends the replies of this step: all of them, or fewer whole ones if
// there are not as many random bytes as Take asked for.
func (s *Session) Reply(dst, random []byte) []byte {
	start := len(dst)
	for at := 0; at < int(s.step); {
		if r, ok := s.readAt(at); ok && r.random <= len(random) {
			if r.counted {
				dst = append(dst, byte(r.random))
			}
			dst = append(dst, random[:r.random]...)
			random, at = random[r.random:], at+readBytes
			continue
		}
		q, n, _ := egdproto.Parse(s.queue.bytes()[at:])
		r, _ := s.replyTo(q, at, n)
		if r.random > len(random) {
			s.more = true // the state changed in between: take again
			break
		}
		dst = append(dst, r.literal[r.from:r.to]...)
		dst = append(dst, random[:r.random]...)
		random, at = random[r.random:], at+n
	}
	s.owed = uint16(len(dst) - start)
	return dst
}

// Sent ends the step: the peer took n bytes of its replies.
func (s *Session) Sent(n int, now Instant) {
	s.progress(n, now)
	for s.step > 0 {
		if r, ok := s.readAt(0); ok && n >= r.size() {
			s.tally.Requests[r.command]++
			s.next(readBytes)
			n -= r.size()
			continue
		}
		q, length, _ := egdproto.Parse(s.queue.bytes())
		r, _ := s.replyTo(q, 0, length)
		if n < r.size() {
			s.skip += uint16(n)
			break
		}
		s.done(q, &r)
		s.next(length)
		n, s.skip = n-r.size(), 0
	}
	s.settle(now)
}

// next takes the answered request of n bytes off the queue. The one behind it has its
// own time: in a long pipeline each read may end inside a request.
func (s *Session) next(n int) {
	s.queue.pop(n, &s.service.spare)
	s.step -= uint16(n)
	s.expired -= min(s.expired, uint16(n))
	s.begun = 0
}

// progress closes the session when the peer has taken nothing for too long.
func (s *Session) progress(n int, now Instant) {
	switch {
	case n >= int(s.owed):
		s.stuck = 0
	case n > 0 || s.stuck == 0:
		s.stuck = now
	case now >= s.stuck.After(writeTime):
		s.ended = WriteTimeout
	}
}

// settle looks at what is now at the front of the queue.
func (s *Session) settle(now Instant) {
	if s.queue.len() == 0 && !s.eof {
		s.begun = 0
		return
	}
	_, _, err := egdproto.Parse(s.queue.bytes())
	switch {
	case err == nil:
		s.begun = 0
	case !errors.Is(err, egdproto.ErrShort):
		s.ended = UnknownCommand
	case s.queue.len() == 0:
		s.begun = 0
		if s.eof {
			s.ended = Finished
		}
	case s.eof:
		s.ended = Truncated
	case s.begun == 0:
		s.begun = now
	case now >= s.begun.After(requestTime):
		s.ended = RequestTimeout
	}
}

// done counts a request that is answered in full, and carries out a write.
func (s *Session) done(q egdproto.Request, r *reply) {
	s.tally.Requests[q.Command]++
	switch q.Command {
	case egdproto.Write:
		s.service.write(q, s.cred, s.creditsWrites())
	case egdproto.ReadSome:
		if q.N > 0 && r.literal[0] == 0 {
			s.service.countEmpty(s.gate.State)
		}
	}
}

// creditsWrites reports whether what this peer claims for its writes may count by
// the policy as it is now.
func (s *Session) creditsWrites() bool {
	return s.known && s.service.creditsWrites != nil && s.service.creditsWrites(s.cred)
}
