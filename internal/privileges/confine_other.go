//go:build !linux && !openbsd

package privileges

import (
	"errors"
	"fmt"
)

// ConfineWrites is [errors.ErrUnsupported]: this system has no way to do it that
// we know of.
func ConfineWrites(dirs, sockets []string) (did string, err error) {
	return "", fmt.Errorf("writing everywhere: %w on this system", errors.ErrUnsupported)
}
