//go:build !linux || (!amd64 && !arm64)

package seedfile_test

import "errors"

func beTraced() error { return errors.ErrUnsupported }

func observeAlone() error { return errors.ErrUnsupported }
