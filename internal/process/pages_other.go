//go:build !linux

package process

// ReleaseProgramPages does nothing here.
func ReleaseProgramPages() error { return nil }
