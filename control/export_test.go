package control

import "context"

// NewAction and Ask open the coalescing to the tests: through the socket,
// synctest cannot see it wait.
func NewAction(do func(context.Context) error) *action { return newAction(do) }

func (a *action) Ask(ctx context.Context) error { return a.ask(ctx) }
