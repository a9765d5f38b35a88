package server

import (
	"errors"
	"time"

	"prngd/egdproto"
	"prngd/internal/peercred"
	"prngd/internal/prng"
)

const (
	// requestTime is for the whole of a begun request; nobody pauses inside one.
	requestTime = 30 * time.Second
	// writeTime is for a peer to take at least one byte of what it asked for.
	writeTime = 30 * time.Second
	// longWait is when a client that waits for the gate is worth a warning.
	longWait = 10 * time.Second
	// stepBytes bounds the replies of one step, random or not, and so the share
	// of one connection in one Generate. A client with 64 reads of 255 bytes
	// under way got 147 MB/s with 16 KiB, 245 with 8 and 219 with 4: it takes the
	// first half in while the second is made.
	stepBytes = 8 << 10
)

// ending says why a session is over.
type ending uint8

const (
	alive    ending = iota
	finished        // end of input, everything answered
	cutShort        // end of input inside a request
	strange         // an unknown command
	slow            // a begun request was not completed in time
	stalled         // the peer took no byte of its replies in time
)

// session is one connection as a state machine: bytes in, bytes out, told the
// time and the gate, with no socket, goroutine or clock of its own. A driver
// repeats three steps:
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
// A session must not be copied.
type session struct {
	queue   queue   // requests not yet answered in full, and the beginning of one
	begun   instant // when an incomplete request came to the front of the queue
	blocked instant // when the first unanswered read met a gate that is not open
	stuck   instant // since when the peer has taken nothing
	expired uint16  // bytes of the queue in which command 1 has waited long enough
	skip    uint16  // bytes sent of the reply to the request at the front

	cred      peercred.Cred // of a Unix peer, if known: its writes are judged by it, each anew
	known     bool          // cred is
	completed bool          // the peer has sent a whole command
	bounded   bool          // the blocked read is a command 1
	eof       bool
	ended     ending

	more  bool   // Take left complete requests for another step
	step  uint16 // bytes of the queue that this step answers
	owed  uint16 // bytes this step has to send
	gate  gate   // as of the last Take
	svc   *service
	tally *tally // the driver's: it publishes
}

// Take adds input, decides which requests this step answers, and returns how
// many random bytes that takes.
func (s *session) Take(in []byte, g gate, now instant) (want int) {
	s.queue.append(in, s.svc)
	s.gate, s.step, s.owed, s.more = g, 0, 0, false
	if g.state == prng.Seeded {
		s.blocked = 0
	}
	for s.ended == alive {
		if r, ok := s.plain(int(s.step)); ok {
			if int(s.owed)+r.size() > stepBytes {
				s.more = true
				break
			}
			want += r.random
			s.owed += uint16(r.size())
			s.step += plainBytes
			continue
		}
		q, n, err := egdproto.Parse(s.queue.bytes()[s.step:])
		if err != nil {
			break // incomplete or unknown: settle decides when it is at the front
		}
		s.completed = true
		a, ok := s.answer(q, int(s.step), n)
		if !ok {
			if s.wait(q, now) {
				continue // long enough: ask again, the answer is now 00
			}
			break
		}
		if int(s.owed)+a.size() > stepBytes {
			s.more = true
			break
		}
		want += a.random
		s.owed += uint16(a.size())
		s.step += uint16(n)
		if q.Command == egdproto.Write && g.state != prng.Seeded && s.creditsWrites() {
			s.more = true // it may open the gate for what follows
			break
		}
	}
	s.completed = s.completed || s.step > 0
	return want
}

// wait notes that q waits for the gate. It returns true when that was long
// enough: then every command 1 received so far is answered 00 together.
func (s *session) wait(q egdproto.Request, now instant) bool {
	if s.blocked == 0 {
		s.blocked = now
	}
	s.bounded = q.Command == egdproto.ReadSome && !s.halfway(int(s.step))
	if !s.bounded || now < s.blocked.after(s.gate.wait) {
		return false
	}
	s.expired, s.blocked = uint16(len(s.queue.bytes())), 0
	return true
}

// Reply appends the replies of this step: all of them, or fewer whole ones if
// there are not as many random bytes as Take asked for.
func (s *session) Reply(dst, random []byte) []byte {
	start := len(dst)
	for at := 0; at < int(s.step); {
		if r, ok := s.plain(at); ok && r.random <= len(random) {
			if r.counted {
				dst = append(dst, byte(r.random))
			}
			dst = append(dst, random[:r.random]...)
			random, at = random[r.random:], at+plainBytes
			continue
		}
		q, n, _ := egdproto.Parse(s.queue.bytes()[at:])
		a, _ := s.answer(q, at, n)
		if a.random > len(random) {
			s.more = true // the gate moved in between: take again
			break
		}
		dst = append(dst, a.literal[a.from:a.to]...)
		dst = append(dst, random[:a.random]...)
		random, at = random[a.random:], at+n
	}
	s.owed = uint16(len(dst) - start)
	return dst
}

// Sent ends the step: the peer took n bytes of its replies.
func (s *session) Sent(n int, now instant) {
	s.progress(n, now)
	for s.step > 0 {
		if r, ok := s.plain(0); ok && n >= r.size() {
			s.tally.requests[r.command]++
			s.queue.pop(plainBytes, s.svc)
			s.step -= plainBytes
			s.expired -= min(s.expired, plainBytes)
			n -= r.size()
			continue
		}
		q, length, _ := egdproto.Parse(s.queue.bytes())
		a, _ := s.answer(q, 0, length)
		if n < a.size() {
			s.skip += uint16(n)
			break
		}
		s.svc.done(q, a, s)
		s.queue.pop(length, s.svc)
		s.step -= uint16(length)
		s.expired -= min(s.expired, uint16(length))
		n, s.skip = n-a.size(), 0
	}
	s.settle(now)
}

// progress closes the session when the peer has taken nothing for too long.
func (s *session) progress(n int, now instant) {
	switch {
	case n >= int(s.owed):
		s.stuck = 0
	case n > 0 || s.stuck == 0:
		s.stuck = now
	case now >= s.stuck.after(writeTime):
		s.end(stalled)
	}
}

// settle looks at what is now at the front of the queue.
func (s *session) settle(now instant) {
	if s.queue.len() == 0 && !s.eof {
		s.begun = 0
		return
	}
	_, _, err := egdproto.Parse(s.queue.bytes())
	switch {
	case err == nil:
		s.begun = 0
	case !errors.Is(err, egdproto.ErrShort):
		s.end(strange)
	case s.queue.len() == 0:
		s.begun = 0
		if s.eof {
			s.end(finished)
		}
	case s.eof:
		s.end(cutShort)
	case s.begun == 0:
		s.begun = now
	case now >= s.begun.after(requestTime):
		s.end(slow)
	}
}

func (s *session) end(why ending) {
	if s.ended == alive {
		s.ended = why
	}
}

// creditsWrites reports whether what this peer claims for its writes may count by
// the policy as it is now.
func (s *session) creditsWrites() bool {
	return s.known && s.svc.creditsWrites != nil && s.svc.creditsWrites(s.cred)
}
