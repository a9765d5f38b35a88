// Package change has the words in which every part of the daemon prepares a
// change of what it holds: commit or roll back, now or never.
package change

import (
	"errors"
	"slices"
)

// Change is prepared and not in effect. Exactly one of its methods is called,
// once. What was there before stays untouched until Commit.
type Change interface {
	// Commit puts the change into effect and gives up what was there before.
	// An error is reported and undoes nothing.
	Commit() error
	// Rollback closes and removes everything that preparing has opened or made.
	Rollback()
}

// Partial is a Change that goes without something that was asked for, which is
// tried again later.
type Partial interface {
	Change
	// Lacks returns why, one error for each thing; none if nothing is missing.
	Lacks() []error
}

// Exit statuses of a change that is refused (sysexits.h).
const (
	ExitLater = 75 // EX_TEMPFAIL: it may work later
	ExitNever = 78 // EX_CONFIG: it can never work
)

// laterError marks an error that may go away without a change of configuration.
type laterError struct{ error }

func (e laterError) Unwrap() error { return e.error }

// Later marks err as temporary: the same settings may work later. A nil err stays nil.
func Later(err error) error {
	if err == nil || IsLater(err) {
		return err
	}
	return laterError{err}
}

// LaterIf is [Later] if err is one of these, else it returns err as it is.
func LaterIf(err error, temporary ...error) error {
	if slices.ContainsFunc(temporary, func(t error) bool { return errors.Is(err, t) }) {
		return Later(err)
	}
	return err
}

// IsLater reports whether err, every part of it if it joins several, is marked
// with [Later].
func IsLater(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return !IsLater(e) })
	}
	if _, ok := err.(laterError); ok {
		return true
	}
	inner := errors.Unwrap(err)
	return inner != nil && IsLater(inner)
}

// ExitStatus returns the exit status for err: 0 for nil, else [ExitLater] or
// [ExitNever].
func ExitStatus(err error) int {
	switch {
	case err == nil:
		return 0
	case IsLater(err):
		return ExitLater
	}
	return ExitNever
}

// All is a list of changes that are in effect together or not at all.
type All []Change

// Commit commits every change in its order and joins their errors.
func (all All) Commit() error {
	errs := make([]error, len(all))
	for i, c := range all {
		errs[i] = c.Commit()
	}
	return errors.Join(errs...)
}

// Lacks joins what every [Partial] change goes without.
func (all All) Lacks() (errs []error) {
	for _, c := range all {
		if p, ok := c.(Partial); ok {
			errs = append(errs, p.Lacks()...)
		}
	}
	return errs
}

// Rollback rolls every change back, the last one first.
func (all All) Rollback() {
	for _, c := range slices.Backward(all) {
		c.Rollback()
	}
}

// None is a change that changes nothing.
type None struct{}

// Commit does nothing.
func (None) Commit() error { return nil }

// Rollback does nothing.
func (None) Rollback() {}
