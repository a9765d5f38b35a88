//go:build !linux

package upgrade

import (
	"context"
	"errors"
	"os"
	"time"

	"prngd/internal/process"
)

// Program is a program file to take the place of this one, on Linux.
type Program struct{}

// Payload is what one program leaves to the next that takes its place, on Linux.
type Payload struct {
	Argv                    []string
	State, Resolved, Secret []byte
	Keep                    []int

	Signals, Harmless []os.Signal
	Caught            chan os.Signal
	Interrupted       func() bool

	Files   []string
	PIDFile *os.File
}

// ErrInterrupted says that a signal came that ended the attempt.
var ErrInterrupted = errors.New("a signal came in between")

// Open is [errors.ErrUnsupported]: only Linux executes an open file.
func Open(string) (*Program, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Program) Close() error { return nil }

// Same is false.
func (*Program) Same(process.Origin) bool { return false }

// Memory is [errors.ErrUnsupported].
func Memory([]byte) (*os.File, error) { return nil, errors.ErrUnsupported }

// Preflight is [errors.ErrUnsupported].
func (*Program) Preflight(context.Context, []string, []byte, []int) ([]byte, error) {
	return nil, errors.ErrUnsupported
}

// Exec is [errors.ErrUnsupported].
func (*Program) Exec(Payload) error { return errors.ErrUnsupported }

// Inheritance is what the earlier program in this process has left, on Linux.
type Inheritance struct{ State, Resolved, Secret []byte }

// Inherit returns nil: nothing is ever left.
func Inherit() (*Inheritance, error) { return nil, nil }

// Adopted does nothing.
func (*Inheritance) Adopted() {}

// InPreflight returns nil: no program asks for one.
func InPreflight([]string) *Preflighted { return nil }

// Preflighted is a preflight on the side of the program that is tried.
type Preflighted struct {
	Descriptors []int
	Err         error
	Argv        []string
	State       []byte
}

// Pass does nothing.
func (*Preflighted) Pass([]byte) error { return errors.ErrUnsupported }

// HungThread knows of none.
func HungThread(time.Duration) bool { return false }
