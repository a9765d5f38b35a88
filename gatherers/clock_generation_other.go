//go:build !linux && !freebsd && !netbsd

package gatherers

import (
	"errors"
	"fmt"
	"os"
)

func openGeneration() (func() (generationID, error), *os.File, error) {
	return nil, nil, fmt.Errorf("VM generation: %w", errors.ErrUnsupported)
}
