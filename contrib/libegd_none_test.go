//go:build !(cgo && linux)

package contrib

import "testing"

func TestLibegd(t *testing.T) {
	t.Skip("libegd, which is C, is tested on Linux by the tests that are built with cgo")
}
