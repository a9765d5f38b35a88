//go:build !linux

package process

import (
	"context"
	"errors"
	"os"
	"time"
)

// Program is a program file to take the place of this one, on Linux.
type Program struct{}

// Legacy is what one program leaves to the next that takes its place, on Linux.
type Legacy struct {
	Argv             []string
	Document, Secret []byte
	Keep             []int

	Signals, Harmless []os.Signal
	Caught            chan os.Signal
	Interrupted       func() bool
}

// ErrInterrupted says that a signal came that ended the attempt.
var ErrInterrupted = errors.New("a signal came in between")

// OpenProgram is [errors.ErrUnsupported]: only Linux executes an open file.
func OpenProgram(string) (*Program, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Program) Close() error { return nil }

// Rehearse is [errors.ErrUnsupported].
func (*Program) Rehearse(context.Context, []string, []byte) error { return errors.ErrUnsupported }

// Exec is [errors.ErrUnsupported].
func (*Program) Exec(Legacy) error { return errors.ErrUnsupported }

// Inherit finds that nobody left anything.
func Inherit() (document, secret []byte, err error) { return nil, nil, nil }

// Rehearsal returns nil: nobody asks for one.
func Rehearsal([]string) *Rehearsed { return nil }

// Rehearsed is a rehearsal on the side of the program that is tried.
type Rehearsed struct {
	Argv     []string
	Document []byte
}

// Pass does nothing.
func (*Rehearsed) Pass() error { return errors.ErrUnsupported }

// HungThread knows of none.
func HungThread(time.Duration) bool { return false }
