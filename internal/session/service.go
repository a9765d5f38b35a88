package session

import (
	"prngd/egdproto"
	"prngd/internal/peercred"
)

// Service is what the sessions of a server share: the answer to command 4, the
// generator's input, the write-credit policy, and counters.
type Service struct {
	Counters
	pid           int
	mix           Mix
	creditsWrites func(peercred.Cred) bool
	spare         spareBuffers
}

// Mix gives the generator what a peer wrote and returns how many of bits it counted.
type Mix func(peer peercred.Cred, data []byte, bits int) (credited int)

// NewService returns a Service that answers command 4 with pid and passes the data
// of writes to mix, with the bits that they claim if creditsWrites says that the
// peer's writes may count; nil stands for a policy that credits no writes.
func NewService(pid int, mix Mix, creditsWrites func(peercred.Cred) bool) *Service {
	return &Service{pid: pid, mix: mix, creditsWrites: creditsWrites}
}

// write mixes always and claims at most what the bytes can hold.
func (v *Service) write(q egdproto.Request, peer peercred.Cred, credited bool) {
	if len(q.Data) == 0 {
		return
	}
	bits := min(int(q.Bits), 8*len(q.Data))
	if bits < int(q.Bits) {
		v.WritesClamped.Add(1)
	}
	if !credited {
		v.mix(peer, q.Data, 0)
		if bits > 0 {
			v.WritesRefused.Add(1)
		}
		return
	}
	counted := v.mix(peer, q.Data, bits)
	v.CreditedBits.Add(uint64(counted))
	if bits > 0 && counted == 0 {
		v.WritesRefused.Add(1)
	} else if bits > 0 {
		v.WritesCredited.Add(1)
	}
}
