//go:build !linux

package process

// DropCapabilities does nothing: elsewhere root's powers end with its uid.
func DropCapabilities() error { return nil }
