package server

import (
	"sync"

	"prngd/egdproto"
	"prngd/internal/peercred"
)

// service is what the sessions of a server share.
type service struct {
	pid           int
	mix           func(data []byte, bits int) (credited int)
	creditsWrites func(peercred.Cred) bool // write-credit policy; nil: nobody's count
	spare         sync.Pool                // *[queueBytes]byte, erased
	counters
}

func newService(pid int, mix func([]byte, int) int) *service {
	v := &service{pid: pid, mix: mix}
	v.spare.New = func() any { return new([queueBytes]byte) }
	return v
}

// done counts a request that is answered in full, and carries out a write.
func (v *service) done(q egdproto.Request, a answer, s *session) {
	s.tally.requests[q.Command]++
	switch q.Command {
	case egdproto.Write:
		v.write(q, s.creditsWrites())
	case egdproto.ReadSome:
		if q.N > 0 && a.literal[0] == 0 {
			v.empties(s.gate.state)
		}
	}
}

// write mixes always and claims at most what the bytes can hold.
func (v *service) write(q egdproto.Request, credited bool) {
	if len(q.Data) == 0 {
		return
	}
	bits := min(int(q.Bits), 8*len(q.Data))
	if bits < int(q.Bits) {
		v.writesClamped.Add(1)
	}
	if !credited {
		v.mix(q.Data, 0)
		if bits > 0 {
			v.writesRefused.Add(1)
		}
		return
	}
	counted := v.mix(q.Data, bits)
	v.creditedBits.Add(uint64(counted))
	if bits > 0 && counted == 0 {
		v.writesRefused.Add(1)
	} else if bits > 0 {
		v.writesCredited.Add(1)
	}
}
