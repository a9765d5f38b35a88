//go:build !linux

package upgrade

import (
	"context"
	"errors"
	"os"
	"time"
)

// Program is a program file to take the place of this one, on Linux.
type Program struct{}

// Payload is what one program leaves to the next that takes its place, on Linux.
type Payload struct {
	Argv             []string
	Document, Secret []byte
	Keep             []int

	Signals, Harmless []os.Signal
	Caught            chan os.Signal
	Interrupted       func() bool
}

// ErrInterrupted says that a signal came that ended the attempt.
var ErrInterrupted = errors.New("a signal came in between")

// Open is [errors.ErrUnsupported]: only Linux executes an open file.
func Open(string) (*Program, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Program) Close() error { return nil }

// Preflight is [errors.ErrUnsupported].
func (*Program) Preflight(context.Context, []string, []byte) error { return errors.ErrUnsupported }

// Exec is [errors.ErrUnsupported].
func (*Program) Exec(Payload) error { return errors.ErrUnsupported }

// Inherit finds that nobody left anything.
func Inherit() (document, secret []byte, err error) { return nil, nil, nil }

// InPreflight returns nil: nobody asks for one.
func InPreflight([]string) *Preflighted { return nil }

// Preflighted is a preflight on the side of the program that is tried.
type Preflighted struct {
	Argv     []string
	Document []byte
}

// Pass does nothing.
func (*Preflighted) Pass() error { return errors.ErrUnsupported }

// HungThread knows of none.
func HungThread(time.Duration) bool { return false }
