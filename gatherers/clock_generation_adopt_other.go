//go:build !linux

package gatherers

import (
	"errors"
	"fmt"
	"os"
)

// readGeneration is for Linux alone: nowhere else is the generation read from a
// device.
func readGeneration(*os.File) (func() (generationID, error), error) {
	return nil, fmt.Errorf("VM generation: %w", errors.ErrUnsupported)
}
