package control

import "context"

// NewAction and Ask open the coalescing to the tests: through the socket,
// synctest cannot see it wait.
func NewAction(do func(context.Context) error) *action { return newAction(do) }

// Ask is ask.
func (a *action) Ask(ctx context.Context) error { return a.ask(ctx) }

// AdminSlots and the rest are for tests as well: one process has one uid.
const AdminSlots = adminSlots

// NewSlots, Take and Release are the table of slots.
func NewSlots(owner int) *slots    { return newSlots(owner) }
func (s *slots) Take(uid int) bool { return s.take(uid) }
func (s *slots) Release(uid int)   { s.release(uid) }
