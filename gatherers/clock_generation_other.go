//go:build !linux && !freebsd && !netbsd

package gatherers

import (
	"errors"
	"fmt"
)

func openGeneration() (func() (generationID, error), error) {
	return nil, fmt.Errorf("VM generation: %w", errors.ErrUnsupported)
}
