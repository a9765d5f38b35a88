package server

import (
	"time"

	"golang.org/x/sys/unix"
)

// pulseEvery is how often a busy loop looks up from its sockets. A loop that
// was not busy in between waits in the way of which Go's scheduler knows, and
// so keeps no processor while idle.
const pulseEvery = 4 * time.Millisecond

// pulse ends the waits of a busy loop, and makes it look at its deadlines. One
// timer for many waits: a time limit for each of them would reprogram the
// hardware's timer twice in every request, which takes 3 us of 13 in a virtual
// machine.
type pulse struct {
	fd      int // timerfd
	beating bool
	busy    bool // something has happened since the last beat
}

// start has it beat once.
func (p *pulse) start() {
	one := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(pulseEvery))}
	p.beating = unix.TimerfdSettime(p.fd, 0, &one, nil) == nil
	p.busy = false
}

// beat goes on while the loop is busy.
func (p *pulse) beat() {
	p.beating = false
	if p.busy {
		p.start()
	}
}
