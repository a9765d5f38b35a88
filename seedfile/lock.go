package seedfile

import (
	"errors"
	"time"
)

// ErrInUse is in the error of a seed file that another process has open, such as
// the daemon that is running.
var ErrInUse = errors.New("in use by another process")

const (
	lockTries = 20 // at most a second in all: Postfix waits without end, we never
	lockPause = 50 * time.Millisecond
)
