package server

import (
	"prngd/egdproto"
	"prngd/internal/prng"
)

// answer is one reply, or what of it is still to be sent: bytes that are
// known, then random ones.
type answer struct {
	literal  [12]byte // a length byte and ten digits are the longest
	from, to int      // literal[from:to]
	random   int
}

func (a answer) size() int { return a.to - a.from + a.random }

// answer returns the reply to q, whose n bytes begin at at in the queue. It is
// false if q has to wait for the gate.
func (s *session) answer(q egdproto.Request, at, n int) (answer, bool) {
	a, ok := s.whole(q, at, at+n)
	if s.halfway(at) {
		a.from = min(int(s.skip), a.to)
		a.random -= int(s.skip) - a.from
	}
	return a, ok
}

// halfway reports whether some of the reply to the request at at is sent.
func (s *session) halfway(at int) bool { return at == 0 && s.skip > 0 }

func (s *session) whole(q egdproto.Request, at, end int) (answer, bool) {
	var a answer
	ready := s.gate.state == prng.Seeded || q.N == 0
	switch q.Command {
	case egdproto.Count:
		a.to = len(egdproto.AppendLevel(a.literal[:0], level(s.gate.state)))
	case egdproto.PID:
		a.to = len(egdproto.AppendPID(a.literal[:0], s.svc.pid))
	case egdproto.ReadSome:
		a.to = 1
		// Where the length byte of a full reply is gone, 00 would break the stream.
		if !ready && end <= int(s.expired) && !s.halfway(at) {
			return a, true
		}
		a.literal[0], a.random = q.N, int(q.N)
		return a, ready
	case egdproto.ReadAll:
		a.random = int(q.N)
		return a, ready
	}
	return a, true
}

// level is what command 0 says: nothing before the first seed, and never less
// again, also while output is held.
func level(state prng.State) uint32 {
	if state == prng.Unseeded {
		return 0
	}
	return egdproto.Level
}

// read is a request as nearly all are: one that the open gate answers at once,
// and of whose reply nothing is sent yet. It needs no answer.
type read struct {
	command egdproto.Command
	counted bool // the reply begins with a length byte
	random  int
}

const plainBytes = 2 // of a read request

func (r read) size() int {
	if r.counted {
		return 1 + r.random
	}
	return r.random
}

// plain looks whether the request at at is such a one. Parse and answer say the
// same of it, but at four times the price for a request of two bytes.
func (s *session) plain(at int) (r read, ok bool) {
	b := s.queue.bytes()[at:]
	if len(b) < plainBytes || s.gate.state != prng.Seeded || at == 0 && s.skip > 0 {
		return r, false
	}
	r = read{egdproto.Command(b[0]), b[0] == byte(egdproto.ReadSome), int(b[1])}
	return r, r.counted || r.command == egdproto.ReadAll
}
