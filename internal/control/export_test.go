package control

import "context"

// NewAction and Ask open the coalescing to the tests: through the socket,
// synctest cannot see it wait.
func NewAction(do func(context.Context) error) *action { return newAction(do) }

func (a *action) Ask(ctx context.Context) error { return a.ask(ctx) }

// AdminSeats and the rest are for tests as well: one process has one uid.
const AdminSeats = adminSeats

func NewSeats(owner int) *seats    { return newSeats(owner) }
func (s *seats) Take(uid int) bool { return s.take(uid) }
func (s *seats) Leave(uid int)     { s.leave(uid) }
