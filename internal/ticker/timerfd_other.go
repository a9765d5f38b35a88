//go:build !linux

package ticker

import (
	"context"
	"time"
)

func runTimerFD(context.Context, time.Duration, func()) bool { return false }
