//go:build !linux

package gatherers

import (
	"context"
	"errors"
	"fmt"
)

// WatchGeneration calls changed when the kernel says that the virtual machine
// is a clone. No kernel but Linux does so by a message: OpenGeneration.
func WatchGeneration(context.Context, func()) error {
	return fmt.Errorf("listening for uevents: %w", errors.ErrUnsupported)
}
