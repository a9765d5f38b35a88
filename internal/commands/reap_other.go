//go:build !linux

package commands

import "context"

// Reap returns when ctx ends: a daemon is pid 1 only in a Linux container.
func Reap(ctx context.Context) { <-ctx.Done() }
