package control

import "sync"

const (
	adminSeats    = 16 // for uid 0 and the owner
	strangerSeats = 16 // for all others whom the socket's mode lets in
	seatsEach     = 4  // of those, for one uid
)

// seats are the connections that are answered at a time. Who finds none is told
// so at once and waits for nobody: a queue would be as long as whoever fills it
// likes, with the admin at its end. Admins have seats of their own.
type seats struct {
	owner int

	mu                sync.Mutex
	admins, strangers int
	by                map[int]int // strangers, by uid
}

func newSeats(owner int) *seats { return &seats{owner: owner, by: make(map[int]int)} }

// trusts reports whether uid may do everything.
func (s *seats) trusts(uid int) bool { return uid == 0 || uid == s.owner }

// take gives uid a seat, if there is one.
func (s *seats) take(uid int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trusts(uid) {
		if s.admins == adminSeats {
			return false
		}
		s.admins++
		return true
	}
	if s.strangers == strangerSeats || s.by[uid] == seatsEach {
		return false
	}
	s.strangers++
	s.by[uid]++
	return true
}

// leave gives one back.
func (s *seats) leave(uid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trusts(uid) {
		s.admins--
		return
	}
	s.strangers--
	if s.by[uid]--; s.by[uid] == 0 {
		delete(s.by, uid)
	}
}
