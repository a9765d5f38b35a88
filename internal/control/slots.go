package control

import "sync"

const (
	adminSlots = 16 // for uid 0 and the owner
	otherSlots = 16 // for all other users that the socket's mode lets in
	userSlots  = 4  // of those, for one uid
)

// slots are the connections that are answered at a time. A connection that finds
// none is refused at once: a queue would be as long as its attacker likes, with
// the admin at its end. Admins have slots of their own.
type slots struct {
	owner int

	mu             sync.Mutex
	admins, others int
	by             map[int]int // others, by uid
}

func newSlots(owner int) *slots { return &slots{owner: owner, by: make(map[int]int)} }

// trusts reports whether uid may do everything.
func (s *slots) trusts(uid int) bool { return uid == 0 || uid == s.owner }

// take gives uid a slot, if there is one.
func (s *slots) take(uid int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trusts(uid) {
		if s.admins == adminSlots {
			return false
		}
		s.admins++
		return true
	}
	if s.others == otherSlots || s.by[uid] == userSlots {
		return false
	}
	s.others++
	s.by[uid]++
	return true
}

// release gives one back.
func (s *slots) release(uid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trusts(uid) {
		s.admins--
		return
	}
	s.others--
	if s.by[uid]--; s.by[uid] == 0 {
		delete(s.by, uid)
	}
}
