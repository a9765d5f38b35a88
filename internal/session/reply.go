package session

import (
	"prngd/egdproto"
	"prngd/internal/prng"
)

// reply is one reply, or what of it is still to be sent: known bytes, then random
// ones.
type reply struct {
	literal  [12]byte // a length byte and ten digits are the longest
	from, to int      // literal[from:to]
	random   int
}

func (r *reply) size() int { return r.to - r.from + r.random }

// replyTo returns the reply to q, whose n bytes begin at at in the queue. It is
// false if q has to wait for a seed.
func (s *Session) replyTo(q egdproto.Request, at, n int) (reply, bool) {
	r, ok := s.wholeReply(q, at, at+n)
	if s.partlySent(at) {
		r.from = min(int(s.skip), r.to)
		r.random -= int(s.skip) - r.from
	}
	return r, ok
}

// partlySent reports whether some of the reply to the request at at is sent.
func (s *Session) partlySent(at int) bool { return at == 0 && s.skip > 0 }

func (s *Session) wholeReply(q egdproto.Request, at, end int) (reply, bool) {
	var r reply
	ready := s.gate.State == prng.Seeded || q.N == 0
	switch q.Command {
	case egdproto.Count:
		r.to = len(egdproto.AppendLevel(r.literal[:0], level(s.gate.State)))
	case egdproto.PID:
		r.to = len(egdproto.AppendPID(r.literal[:0], s.service.pid))
	case egdproto.ReadSome:
		r.to = 1
		// Where the length byte of a full reply is gone, 00 would break the stream.
		if !ready && end <= int(s.expired) && !s.partlySent(at) {
			return r, true
		}
		r.literal[0], r.random = q.N, int(q.N)
		return r, ready
	case egdproto.ReadAll:
		r.random = int(q.N)
		return r, ready
	}
	return r, true
}

// level is the answer to command 0: 0 before the first seed and never again, also
// while a reseed is required.
func level(state prng.State) uint32 {
	if state == prng.Unseeded {
		return 0
	}
	return egdproto.Level
}

// read is the usual request: one for random bytes, while the generator is seeded,
// of whose reply nothing is sent yet.
type read struct {
	command egdproto.Command
	counted bool // the reply begins with a length byte
	random  int
}

const readBytes = 2 // of a read request

func (r read) size() int {
	if r.counted {
		return 1 + r.random
	}
	return r.random
}

// readAt returns the request at at if it is a read. egdproto.Parse and replyTo
// return the same for four times the time.
func (s *Session) readAt(at int) (r read, ok bool) {
	b := s.queue.bytes()[at:]
	if len(b) < readBytes || s.gate.State != prng.Seeded || at == 0 && s.skip > 0 {
		return r, false
	}
	r = read{egdproto.Command(b[0]), b[0] == byte(egdproto.ReadSome), int(b[1])}
	return r, r.counted || r.command == egdproto.ReadAll
}
